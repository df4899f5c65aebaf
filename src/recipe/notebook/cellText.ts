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
