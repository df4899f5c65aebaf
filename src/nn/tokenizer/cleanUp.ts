/**
 * The white-space clean-up that `clean_up_tokenization_spaces: true` asks for: the replacements, and their order, of
 * transformers' `clean_up_tokenization`.
 */
export function cleanUpSpaces(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

// Every pattern above that spans a cut has one of these as the last character before the cut.
const insidePattern = new Set([' ', "'", 'n', 'v', 'r']);

/**
 * The largest `cut <= end` at which a text may be split so that cleaning both halves apart equals cleaning the whole,
 * whatever follows the second half.
 */
export function cleanUpCut(text: string, end: number): number {
  let cut = end;
  while (cut > 0 && insidePattern.has(text[cut - 1]!)) cut--;
  return cut;
}
