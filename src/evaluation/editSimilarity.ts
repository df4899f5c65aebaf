/** Characters of each text that are compared: what comes later changes little, and the work grows with their product. */
const mostCharacters = 4_000;

/**
 * 1 for the same text, 0 where nothing is shared: one less the Levenshtein distance over the longer length, white space at
 * the ends apart.
 */
export function editSimilarity(expected: string, got: string): number {
  const a = Array.from(expected.trim()).slice(0, mostCharacters);
  const b = Array.from(got.trim()).slice(0, mostCharacters);
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : 1 - distance(a, b) / longest;
}

function distance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
