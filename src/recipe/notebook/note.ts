import { type Node, parseTree } from 'jsonc-parser';
import { withoutComma } from './listText.ts';

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
