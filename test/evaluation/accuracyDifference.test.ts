import assert from 'node:assert/strict';
import test from 'node:test';
import { accuracyDifference } from '../../src/evaluation/accuracyDifference.ts';
import { accuracyOf } from '../../src/evaluation/metrics.ts';

// Newcombe 1998, Interval estimation for the difference between independent proportions, table II, method 10.
const published: [to: [number, number], from: [number, number], low: number, high: number][] = [
  [[56, 70], [48, 80], 0.0524, 0.3339],
  [[9, 10], [3, 10], 0.1705, 0.809],
  [[6, 7], [2, 7], 0.0582, 0.8062],
  [[5, 56], [0, 29], -0.0381, 0.1926],
];

test('intervals of differences are the published ones', () => {
  for (const [to, from, low, high] of published) {
    const found = accuracyDifference(accuracyOf(...from), accuracyOf(...to));
    assert.deepEqual(
      [found.low, found.high].map(value => Number(value.toFixed(4))),
      [low, high],
    );
    assert.equal(found.beyondNoise, low > 0);
  }
});

test('the other way round is the same with the other sign', () => {
  const [a, b] = [accuracyOf(280, 300), accuracyOf(263, 300)];
  const [there, back] = [accuracyDifference(a, b), accuracyDifference(b, a)];
  assert.deepEqual([back.difference, back.low, back.high], [-there.difference, -there.high, -there.low]);
});

test('of no questions nothing is beyond noise', () => {
  assert.equal(accuracyDifference(accuracyOf(0, 0), accuracyOf(300, 300)).beyondNoise, false);
  assert.equal(accuracyDifference(accuracyOf(0, 300), accuracyOf(0, 0)).beyondNoise, false);
});
