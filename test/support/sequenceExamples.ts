import { Random } from '../../src/nn/tensor/random.ts';
import type { EncodedExample } from '../../src/nn/train/assembleBatch.ts';

/** Rows of 4 to 14 tokens that continue an arithmetic sequence; the first two tokens carry no loss. */
export function sequenceExamples(count: number, stride: number): EncodedExample[] {
  const random = new Random(stride);
  return Array.from({ length: count }, () => {
    const start = random.integer(3, 100);
    const ids = Int32Array.from({ length: random.integer(4, 14) }, (_, t) => 3 + ((start + stride * t) % 120));
    return { ids, labels: ids.map((id, t) => (t < 2 ? -100 : id)) };
  });
}
