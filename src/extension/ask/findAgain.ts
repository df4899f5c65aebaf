/**
 * Where a text is that was at an offset when it was asked about: the nearest of its places, as an offset; undefined where
 * it is no longer there. An empty text is where it was, or at the end.
 */
export function findAgain(text: string, now: string, offset: number): number | undefined {
  if (now.startsWith(text, offset)) return Math.min(offset, now.length);
  if (text === '') return now.length;
  const before = now.lastIndexOf(text, offset);
  const after = now.indexOf(text, offset);
  if (before < 0 || after < 0) return Math.max(before, after) < 0 ? undefined : Math.max(before, after);
  return offset - before <= after - offset ? before : after;
}
