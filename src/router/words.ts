/**
 * A word is a run of letters with what belongs to it: marks, digits and underscores after the first letter, and inner
 * apostrophes and hyphens, so that 'address', 'add-on' and 'x-ray' are words of their own and never 'add' or 'x'.
 * Names of languages that end in a sign are words too. Every other sign separates.
 */
const wordPattern =
  /c\+\+|[cf]#(?![\p{L}\p{N}])|\p{L}[\p{L}\p{M}\p{N}_]*(?:['-][\p{L}\p{N}][\p{L}\p{M}\p{N}_]*)*|\p{N}+(?:[.,]\p{N}+)*/gu;

/** Lower case; compatibility forms (full-width, ligatures) folded, except that 'x²' becomes 'x^2' and not 'x2'. */
export function normalizeText(text: string): string {
  return text.replaceAll('²', '^2').replaceAll('³', '^3').normalize('NFKC').replace(/[’‘]/g, "'").toLowerCase();
}

/** The words and numbers of a normalised text, in order. */
export function wordsOf(normalized: string): string[] {
  return normalized.match(wordPattern) ?? [];
}
