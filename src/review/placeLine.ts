/**
 * Where a reviewed line is now: the line of this text that is nearest to its old place, from 1; undefined where there is
 * none. A file may have changed since the commit that was reviewed, or while it was. `lineAt` gives a line from 1.
 */
export function placeLine(
  text: string,
  number: number,
  count: number,
  lineAt: (number: number) => string,
): number | undefined {
  const wanted = text.trimEnd();
  const isThere = (n: number) => n >= 1 && n <= count && lineAt(n).trimEnd() === wanted;
  const start = Math.min(Math.max(number, 1), count);
  for (let distance = 0; distance < count; distance++) {
    const found = [start - distance, start + distance].find(isThere);
    if (found !== undefined) return found;
  }
  return undefined;
}
