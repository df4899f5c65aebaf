import { Random } from '../tensor/random.ts';

/** How far an expert is in its data; with the data and the batch size it determines every batch that follows. */
export interface DataPosition {
  epoch: number;
  /** Batches of this epoch that were drawn. */
  batch: number;
}

/** Batches whose lengths are compared when rows of similar length are put together. */
const bucketBatches = 32;

/**
 * Endless batches of example numbers. Every epoch visits each example once, in an order drawn from the seed and the
 * epoch's number. Within stretches of `bucketBatches` batches examples are sorted by length, so that a batch's rows
 * need little padding; the batches are then shuffled, so that length does not depend on time. The last batch of an
 * epoch holds what is left.
 *
 * @param kinds of each example: a batch then has rows of every kind in its share, each kind's of similar length. Without
 *   them a batch would be of one domain where length tells domains apart.
 */
export function batchOrder(
  lengths: readonly number[],
  batchSize: number,
  seed: number,
  at: DataPosition,
  kinds?: readonly number[],
) {
  let position = { ...at };
  let order = epochBatches(lengths, batchSize, seed, position.epoch, kinds);
  return {
    next(): number[] {
      if (position.batch >= order.length) {
        position = { epoch: position.epoch + 1, batch: 0 };
        order = epochBatches(lengths, batchSize, seed, position.epoch, kinds);
      }
      return order[position.batch++]!;
    },
    get position(): DataPosition {
      return { ...position };
    },
  };
}

function epochBatches(
  lengths: readonly number[],
  batchSize: number,
  seed: number,
  epoch: number,
  kinds?: readonly number[],
): number[][] {
  const random = new Random((seed ^ Math.imul(epoch + 1, 0x9e3779b1)) >>> 0);
  const all = random.shuffle(Array.from(lengths.keys()));
  const batches: number[][] = [];
  for (let start = 0; start < all.length; start += batchSize * bucketBatches) {
    const drawn = all.slice(start, start + batchSize * bucketBatches);
    const stretch = drawn.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
    if (kinds) interleave(stretch, kinds);
    for (let i = 0; i < stretch.length; i += batchSize) batches.push(stretch.slice(i, i + batchSize));
  }
  return random.shuffle(batches);
}

/** Puts the examples of every kind at even distances over the whole, each kind's in the order that they have. */
function interleave(stretch: number[], kinds: readonly number[]): void {
  const counts = new Map<number, number>();
  const seen = new Map<number, number>();
  const next = (of: Map<number, number>, kind: number) => {
    const before = of.get(kind) ?? 0;
    of.set(kind, before + 1);
    return before;
  };
  for (const i of stretch) next(counts, kinds[i]!);
  const places = new Map(stretch.map(i => [i, (next(seen, kinds[i]!) + 0.5) / counts.get(kinds[i]!)!]));
  stretch.sort((a, b) => places.get(a)! - places.get(b)! || kinds[a]! - kinds[b]!);
}
