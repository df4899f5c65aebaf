/** Tokens of a phrase that are looked for. */
const longestPhrase = 40;
/** How often a phrase comes before it counts as repeated, and how many tokens that is at least. */
const fewestTimes = 6;
const fewestTokens = 32;
/** Short phrases are lists and rules as well, such as `0, 0, 0` and `|---|---|`. */
const shortPhrase = 3;
const fewestTokensOfShort = 64;

/**
 * Whether an answer's last tokens are one phrase again and again: a small model that has come to that does not find out
 * of it. Costs next to nothing where the last token is not one that came before at the distances looked at.
 */
export function repeatsItself(tokens: readonly number[]): boolean {
  for (let length = 1; length <= longestPhrase; length++) {
    const isShort = length <= shortPhrase;
    const least = Math.max(length * fewestTimes, isShort ? fewestTokensOfShort : fewestTokens);
    const same = lengthOfRun(tokens, length, least);
    if (same >= least) return true;
    // A rule is one of longer phrases too.
    if (isShort && same >= fewestTokens) return false;
  }
  return false;
}

/** Of the last tokens, how many repeat those that came so many tokens before; no more than `most` are looked at. */
function lengthOfRun(tokens: readonly number[], distance: number, most: number): number {
  let same = Math.min(distance, tokens.length);
  while (same < Math.min(most, tokens.length) && tokens.at(-1 - same) === tokens.at(-1 - same + distance)) same++;
  return same;
}
