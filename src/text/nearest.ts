/** Longer words get no guess: nobody takes one for another by a slip of the finger. */
const longestWord = 64;
/** Edits beyond which a longer word is another word. */
const mostEdits = 8;
/** Candidates of a comparable length that are looked at. With the limits above, a guess takes some 0.1 ms at most. */
const mostCandidates = 100;

/**
 * The candidate closest to `word` by edit distance (Damerau–Levenshtein), or undefined when none is near. Words of more
 * than 64 characters are near to none, and of more than 100 candidates of a comparable length the first 100 are compared.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > longestWord) return undefined;
  const own = word.toLowerCase();
  let best: string | undefined;
  let limit = Math.min(mostEdits, Math.max(2, Math.floor(word.length / 3)));
  let compared = 0;
  for (const candidate of candidates) {
    // A difference of length is as many edits.
    if (Math.abs(candidate.length - word.length) > limit) continue;
    if (compared++ === mostCandidates) break;
    const distance = editDistance(own, candidate.toLowerCase(), limit);
    if (distance <= limit) [best, limit] = [candidate, distance - 1];
    if (limit < 0) break;
  }
  return best;
}

/** The edit distance where it is at most `limit`, else a number above it: only a band around the diagonal is computed. */
function editDistance(first: string, second: string, limit: number): number {
  const [a, b] = withoutSame(first, second);
  const beyond = limit + 1;
  // Lower case may be longer.
  if (Math.abs(a.length - b.length) > limit) return beyond;
  const width = b.length + 1;
  let [before, last, row] = [0, 1, 2].map(() => new Array<number>(width).fill(beyond)) as [
    number[],
    number[],
    number[],
  ];
  for (let j = 0; j <= Math.min(limit, b.length); j++) last[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const [start, end] = [Math.max(1, i - limit), Math.min(b.length, i + limit)];
    row[start - 1] = start === 1 ? i : beyond;
    let smallest = row[start - 1]!;
    for (let j = start; j <= end; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2]! + 1);
      row[j] = d;
      smallest = Math.min(smallest, d);
    }
    if (end < b.length) row[end + 1] = beyond;
    // A swap reaches back two rows, so one row beyond the limit does not end it.
    if (smallest > limit + 1) return beyond;
    [before, last, row] = [last, row, before];
  }
  return last[b.length]!;
}

/** Two words without what both begin and end with, which takes no edits. */
function withoutSame(a: string, b: string): [string, string] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}
