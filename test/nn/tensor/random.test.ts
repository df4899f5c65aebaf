import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../src/nn/tensor/random.ts';

const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.uint32());

test('xoshiro128** from a known state gives the numbers of its authors’ C code', () => {
  // The test vector of Rust's rand_xoshiro, which was made with that code.
  assert.deepEqual(draw(new Random([1, 2, 3, 4]), 4), [11520, 0, 5927040, 70819200]);
});

test('the same seed gives the same numbers, other seeds others', () => {
  assert.deepEqual(draw(new Random(7), 20), draw(new Random(7), 20));
  const firsts = Array.from({ length: 1000 }, (_, seed) => new Random(seed).uint32());
  assert.equal(new Set(firsts).size, 1000);
});

test('a state taken in the middle goes on with the same numbers', () => {
  const random = new Random(3);
  draw(random, 100);
  const resumed = new Random(JSON.parse(JSON.stringify(random.state)));
  assert.deepEqual(draw(resumed, 50), draw(random, 50));
});

test('uniform and normal numbers have the moments they should, over 100,000 draws', () => {
  const random = new Random(5);
  const moments = (next: () => number) => {
    const x = Array.from({ length: 100_000 }, next);
    const mean = x.reduce((a, b) => a + b) / x.length;
    return [mean, x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length] as const;
  };
  const [uniformMean, uniformVariance] = moments(() => random.uniform());
  assert.ok(Math.abs(uniformMean - 0.5) < 0.005 && Math.abs(uniformVariance - 1 / 12) < 0.001);
  const [mean, variance] = moments(() => random.normal());
  assert.ok(Math.abs(mean) < 0.02 && Math.abs(variance - 1) < 0.02);
});

test('integers cover their range, both ends included, evenly', () => {
  const random = new Random(6);
  const counts = new Map<number, number>();
  for (let i = 0; i < 60_000; i++) {
    const x = random.integer(-2, 3);
    counts.set(x, (counts.get(x) ?? 0) + 1);
  }
  assert.deepEqual(
    [...counts.keys()].sort((a, b) => a - b),
    [-2, -1, 0, 1, 2, 3],
  );
  for (const count of counts.values()) assert.ok(Math.abs(count - 10_000) < 400);
});

test('a shuffle keeps all items, and every item reaches every place', () => {
  const random = new Random(8);
  const places = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const shuffled = random.shuffle(['a', 'b', 'c', 'd']);
    assert.equal([...shuffled].sort().join(''), 'abcd');
    shuffled.forEach((x, place) => void places.add(x + place));
  }
  assert.equal(places.size, 16);
});
