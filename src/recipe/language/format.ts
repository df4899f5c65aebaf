import { type Edit, format } from 'jsonc-parser';
import { limitProblem } from '../parse.ts';

/** Indents a recipe, or a part of it, and spaces it out; what stands in one line stays in one line. One beyond the limits stays. */
export function formatRecipe(
  text: string,
  { tabSize, insertSpaces }: { tabSize: number; insertSpaces: boolean },
  range?: { start: number; end: number },
): Edit[] {
  if (limitProblem(text)) return [];
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const within = range && { offset: range.start, length: range.end - range.start };
  const edits = format(text, within, { tabSize, insertSpaces, eol, keepLines: true });
  // jsonc-parser would put a blank into what is empty.
  return edits.filter(({ offset }) => !['{}', '[]'].includes(text.slice(offset - 1, offset + 1)));
}
