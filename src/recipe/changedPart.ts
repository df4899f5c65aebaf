/** The part of a text that another text changes. */
export interface ChangedPart {
  start: number;
  end: number;
  /** What takes its place. */
  text: string;
}

/** The smallest part whose replacement makes one text the other, so that marks, folds and cursors outside it stay. */
export function changedPart(text: string, changed: string): ChangedPart {
  const shorter = Math.min(text.length, changed.length);
  let start = 0;
  while (start < shorter && text[start] === changed[start]) start++;
  let same = 0;
  while (same < shorter - start && text.at(-1 - same) === changed.at(-1 - same)) same++;
  return { start, end: text.length - same, text: changed.slice(start, changed.length - same) };
}
