import { type Node, parseTree } from 'jsonc-parser';
import { withoutComma } from './listText.ts';

/** An item as a cell shows it: without its comma, and without the indentation that all its lines have. */
export function shownText(text: string, indentation: string): string {
  const [first = '', ...rest] = linesOf(withoutComma(text).trimEnd());
  return [first, ...rest.map(line => (line.startsWith(indentation) ? line.slice(indentation.length) : ''))].join('\n');
}

/** What a cell says, as an item is written. */
export function writtenText(shown: string, indentation: string, eol: string): string {
  const [first = '', ...rest] = linesOf(withoutComma(shown).trim());
  return [first, ...rest.map(line => (line ? indentation + line : ''))].join(eol);
}

/** The white space that all lines of an item begin with; of its first line it lies before it. */
export function indentationOf(before: string, text: string): string {
  const inner = linesOf(withoutComma(text).trimEnd())
    .slice(1)
    .filter(line => line.trim() !== '')
    .map(line => /^[ \t]*/.exec(line)![0]);
  const own = /[\r\n]([ \t]*)$/.exec(before)?.[1];
  return (own === undefined ? inner : [own, ...inner]).reduce(commonStart, own ?? inner[0] ?? '');
}

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** As editors count lines. */
function linesOf(text: string): string[] {
  return text.split(/\r\n|\r|\n/);
}

/** Whether two texts are the same to an editor, which has line breaks of its own. */
export function sameLines(a: string, b: string): boolean {
  return linesOf(a).join('\n') === linesOf(b).join('\n');
}

/** The Markdown of a note step; undefined for any other step, and for one that says it twice. */
export function noteText(step: string): string | undefined {
  return textNode(step)?.value;
}

/** The note with another Markdown; the rest of it, comments too, stays as it is. */
export function withNoteText(step: string, markdown: string): string {
  const node = textNode(step);
  if (!node) return newNote(markdown);
  return step.slice(0, node.offset) + JSON.stringify(markdown) + step.slice(node.offset + node.length);
}

export function newNote(markdown: string): string {
  return `{ "do": "note", "text": ${JSON.stringify(markdown)} }`;
}

function textNode(step: string): Node | undefined {
  const root = parseTree(withoutComma(step), [], { allowTrailingComma: true });
  const values = (key: string) =>
    (root?.children ?? []).flatMap(({ children: [name, value] = [] }) => (name?.value === key && value ? [value] : []));
  const [kinds, texts] = [values('do'), values('text')];
  const isNote = kinds.length === 1 && kinds[0]!.value === 'note' && texts.length === 1 && texts[0]!.type === 'string';
  return isNote ? texts[0] : undefined;
}
