import type { Random } from '../../src/nn/tensor/random.ts';

/**
 * A stretch of a document and what its tokens count in the loss: 1 where the text follows from what stands before it,
 * little where it was drawn at random and nothing can be learned but its look.
 */
export type Piece = [text: string, weight: number];

/** Weight of text that cannot be foreseen. */
export const FILLER = 0.1;

/** Joins documents' parts with a separator of the same weight as derivable text. */
export function joinPieces(parts: Piece[][], separator: string): Piece[] {
  return parts.flatMap((part, i) => (i > 0 ? [[separator, 0.3] as Piece, ...part] : part));
}

export function repeated(count: number, make: () => Piece[], separator: string): Piece[] {
  return joinPieces(Array.from({ length: count }, make), separator);
}

export function pick<T>(shares: readonly (readonly [number, T])[], random: Random): T {
  let u = random.uniform() * shares.reduce((sum, [share]) => sum + share, 0);
  for (const [share, item] of shares) {
    if (u < share) return item;
    u -= share;
  }
  return shares[0]![1];
}
