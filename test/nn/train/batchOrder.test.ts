import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../src/nn/tensor/random.ts';
import { batchOrder } from '../../../src/nn/train/batchOrder.ts';

const random = new Random(4);
/** Lengths as datasets have them: many short, few long. */
const lengths = Array.from({ length: 512 }, () => Math.round(8 + 120 * random.uniform() ** 3));
const start = { epoch: 0, batch: 0 };

function epoch(lengths: number[], batchSize: number, seed: number, number = 0): number[][] {
  const order = batchOrder(lengths, batchSize, seed, { epoch: number, batch: 0 });
  return Array.from({ length: Math.ceil(lengths.length / batchSize) }, () => order.next());
}

/** Share of a batch's cells that are padding. */
function padding(batches: number[][]): number {
  const cells = batches.map(b => b.length * Math.max(...b.map(i => lengths[i]!)));
  const used = batches.flat().reduce((sum, i) => sum + lengths[i]!, 0);
  return 1 - used / cells.reduce((a, b) => a + b);
}

test('an epoch visits every example once, and the next in another order', () => {
  const [first, second] = [epoch(lengths, 16, 1), epoch(lengths, 16, 1, 1)];
  for (const batches of [first, second]) {
    assert.deepEqual(
      batches.flat().sort((a, b) => a - b),
      [...lengths.keys()],
    );
    assert.ok(batches.every(b => b.length === 16));
  }
  assert.notDeepEqual(first, second);
});

test('an epoch visits every example once where the batches do not fit: the last is smaller', () => {
  const batches = epoch(lengths.slice(0, 10), 4, 1);
  assert.deepEqual(batches.map(b => b.length).sort(), [2, 4, 4]);
  assert.equal(new Set(batches.flat()).size, 10);
  assert.deepEqual(
    epoch(lengths.slice(0, 5), 16, 1).map(b => b.length),
    [5],
  );
});

test('the order follows from the seed and the position', () => {
  assert.deepEqual(epoch(lengths, 16, 5), epoch(lengths, 16, 5));
  assert.notDeepEqual(epoch(lengths, 16, 5), epoch(lengths, 16, 6));
  const whole = batchOrder(lengths, 16, 5, start);
  const taken = Array.from({ length: 70 }, () => whole.next());
  const half = batchOrder(lengths, 16, 5, start);
  for (let i = 0; i < 40; i++) half.next();
  assert.deepEqual(half.position, { epoch: 1, batch: 8 });
  const resumed = batchOrder(lengths, 16, 5, half.position);
  assert.deepEqual(
    Array.from({ length: 30 }, () => resumed.next()),
    taken.slice(40),
  );
});

test('rows of similar length share a batch: padding under 4 % instead of over 50 %', () => {
  const shuffled = new Random(9).shuffle([...lengths.keys()]);
  const random = Array.from({ length: 32 }, (_, i) => shuffled.slice(16 * i, 16 * i + 16));
  assert.ok(padding(random) > 0.5, `random ${padding(random)}`);
  assert.ok(padding(epoch(lengths, 16, 5)) < 0.04, `bucketed ${padding(epoch(lengths, 16, 5))}`);
});

test('length does not follow time: the halves of an epoch differ by less than a factor of 1.5', () => {
  const batches = epoch(lengths, 16, 5);
  const mean = (b: number[][]) => b.flat().reduce((sum, i) => sum + lengths[i]!, 0) / b.flat().length;
  const ratio = mean(batches.slice(0, 16)) / mean(batches.slice(16));
  assert.ok(ratio > 1 / 1.5 && ratio < 1.5, `ratio ${ratio}`);
});
