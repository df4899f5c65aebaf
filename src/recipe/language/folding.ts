import { createScanner, type Node } from 'jsonc-parser';
import { isBeyondLimits, type RecipeReading } from '../parse.ts';

/** Lines, from 0, that can be folded into the first of them. */
export interface Folding {
  start: number;
  end: number;
  kind?: 'comment' | 'region';
}

/** Objects and lists without their last bracket's line, comments that follow one another, and `//#region … //#endregion`. */
export function foldingsOf(reading: RecipeReading): Folding[] {
  const { text, root } = reading;
  if (isBeyondLimits(reading)) return [];
  const lineAt = linesOf(text);
  return [...(root ? values(root, lineAt) : []), ...comments(text, lineAt)].filter(({ start, end }) => start < end);
}

function values(root: Node, lineAt: (offset: number) => number): Folding[] {
  const found: Folding[] = [];
  const visit = ({ type, offset, length, children = [] }: Node) => {
    if (type === 'object' || type === 'array')
      found.push({ start: lineAt(offset), end: lineAt(offset + length - 1) - 1 });
    children.forEach(visit);
  };
  visit(root);
  return found;
}

function comments(text: string, lineAt: (offset: number) => number): Folding[] {
  const found: Folding[] = [];
  const regions: number[] = [];
  let last: Folding | undefined;
  const scanner = createScanner(text, false);
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const [from, length] = [scanner.getTokenOffset(), scanner.getTokenLength()];
    const token = text.slice(from, from + length);
    if (token.trim() === '') continue;
    const [start, end] = [lineAt(from), lineAt(from + length - 1)];
    const marker = /^\/\/\s*#(end)?region\b/.exec(token);
    if (marker && !marker[1]) regions.push(start);
    const open = marker?.[1] ? regions.pop() : undefined;
    if (open !== undefined) found.push({ start: open, end: start, kind: 'region' });
    const isComment = /^\/[/*]/.test(token) && !marker;
    if (isComment && last && start <= last.end + 1) last.end = end;
    else if (isComment) found.push((last = { start, end, kind: 'comment' }));
    else last = undefined;
  }
  return found;
}

/** The line of an offset, from 0. */
function linesOf(text: string): (offset: number) => number {
  const starts = [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map(({ index, 0: mark }) => index + mark.length)];
  return offset => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  };
}
