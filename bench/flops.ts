import type { BaseConfig } from '../src/nn/model/config.ts';
import { linearLayers } from '../src/nn/model/layout.ts';
import type { TrainingShape } from './trainingCase.ts';

/**
 * Floating-point operations that a LoRA step cannot do without, two for a multiply-add. Counted are matrix products
 * alone, in the order: the frozen linears forward, and backward to their inputs (no gradient of their weights);
 * the factors forward, and backward to their inputs and to themselves; attention's two products, over the positions
 * that a query may look at, forward and backward to both sides; the vocabulary product over the rows that carry loss,
 * forward and backward to its input. The first layer's q, k and v need no gradient of their input. Nothing that is
 * computed twice counts twice.
 */
export function trainingFlops(c: BaseConfig, { rank, rows, length, answer }: TrainingShape): number {
  const tokens = rows * length;
  let flops = 0;
  for (const l of linearLayers(c)) {
    const isFirst = l.layer === 0 && c.linears.qkv.some(module => l.path.endsWith(module));
    flops += 2 * tokens * l.in * l.out * (isFirst ? 1 : 2);
    flops += 2 * tokens * rank * (l.in * (isFirst ? 2 : 3) + l.out * 3);
  }
  const pairs = (rows * length * (length + 1)) / 2;
  // Scores and mixture: each one product forward and two backward.
  flops += c.layers * 2 * 3 * (2 * pairs * c.heads * c.headDim);
  flops += 2 * 2 * rows * answer * c.vocab * c.dim;
  return flops;
}
