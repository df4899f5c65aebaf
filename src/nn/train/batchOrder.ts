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
 * epoch holds what is left. `isMixed` leaves the order as it was drawn: where length tells domains apart, a batch then has
 * rows of all of them.
 */
export function batchOrder(
  lengths: readonly number[],
  batchSize: number,
  seed: number,
  at: DataPosition,
  isMixed = false,
) {
  const compared = isMixed ? 1 : bucketBatches;
  let position = { ...at };
  let order = epochBatches(lengths, batchSize, seed, position.epoch, compared);
  return {
    next(): number[] {
      if (position.batch >= order.length) {
        position = { epoch: position.epoch + 1, batch: 0 };
        order = epochBatches(lengths, batchSize, seed, position.epoch, compared);
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
  compared: number,
): number[][] {
  const random = new Random((seed ^ Math.imul(epoch + 1, 0x9e3779b1)) >>> 0);
  const all = random.shuffle(Array.from(lengths.keys()));
  const batches: number[][] = [];
  for (let start = 0; start < all.length; start += batchSize * compared) {
    const stretch = all.slice(start, start + batchSize * compared);
    stretch.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
    for (let i = 0; i < stretch.length; i += batchSize) batches.push(stretch.slice(i, i + batchSize));
  }
  return random.shuffle(batches);
}
