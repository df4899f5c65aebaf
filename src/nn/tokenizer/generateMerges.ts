/**
 * The merges of a vocabulary of pieces with scores: each way to make a piece of two others, better scores first. Byte
 * pairs joined in this order give what SentencePiece gives, which always joins the two neighbours that make the piece of
 * the highest score. Ties are broken as in transformers' `generate_merges`: longer parts first.
 */
export function generateMerges(pieces: readonly { text: string; score: number }[]): [left: string, right: string][] {
  const ids = new Map(pieces.map(({ text }, id) => [text, id]));
  const found: { left: string; right: string; score: number; leftId: number; rightId: number }[] = [];
  for (const { text, score } of pieces) {
    const own: typeof found = [];
    for (let at = 1; at < text.length; at++) {
      // Not within a character of two code units.
      const unit = text.charCodeAt(at);
      if (unit >= 0xdc00 && unit <= 0xdfff) continue;
      const left = text.slice(0, at);
      const leftId = ids.get(left);
      if (leftId === undefined) continue;
      const right = text.slice(at);
      const rightId = ids.get(right);
      if (rightId !== undefined) own.push({ left, right, score, leftId, rightId });
    }
    if (own.length > 1) own.sort((a, b) => a.leftId - b.leftId || a.rightId - b.rightId);
    found.push(...own);
  }
  const length = (text: string) => [...text].length;
  return found
    .sort((a, b) => b.score - a.score || length(b.left) - length(a.left) || length(b.right) - length(a.right))
    .map(({ left, right }) => [left, right]);
}
