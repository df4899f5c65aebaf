import { Random } from '../src/nn/tensor/random.ts';

/** Seeded token ids that every base has. */
export function tokenRow(length: number, seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length }, () => random.integer(10, 2700));
}
