import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accuracyDifference,
  accuracyOf,
  calibrationOf,
  confusionMatrix,
  pairedDifference,
} from '../../src/evaluation/metrics.ts';

const near = (got: number, expected: number, tolerance = 5e-5) =>
  assert.ok(Math.abs(got - expected) <= tolerance, `${got} is not ${expected}`);

test('Wilson intervals of known cases', () => {
  // 81 of 263 and 0 of 20: Newcombe (1998), tables for method 3.
  const a = accuracyOf(81, 263);
  near(a.low, 0.2553);
  near(a.high, 0.3662);
  const none = accuracyOf(0, 20);
  near(none.low, 0);
  near(none.high, 0.1611);
  const all = accuracyOf(29, 29);
  assert.equal(all.high, 1);
  near(all.low, 0.883);
  assert.deepEqual(accuracyOf(0, 0), { correct: 0, total: 0, accuracy: 0, low: 0, high: 1 });
});

test('a confusion matrix counts expected against predicted', () => {
  const pairs = [
    { expected: 'math', predicted: 'math' },
    { expected: 'math', predicted: 'code' },
    { expected: 'qa', predicted: 'none' },
    { expected: 'math', predicted: 'math' },
  ];
  assert.deepEqual(confusionMatrix(pairs), {
    labels: ['math', 'qa', 'code', 'none'],
    counts: [
      [2, 0, 1, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  });
});

test('calibration error is the weighted gap of the bins', () => {
  const outcome = (confidence: number, correct: boolean) => ({ confidence, correct });
  // Bin (0.8, 1]: confidence 0.9, half right, gap 0.4 on 4; bin (0.4, 0.6]: confidence 0.5, all right, gap 0.5 on 1.
  const { error, bins } = calibrationOf(
    [outcome(0.9, true), outcome(0.9, false), outcome(0.9, true), outcome(0.9, false), outcome(0.5, true)],
    5,
  );
  near(error, (4 * 0.4 + 0.5) / 5, 1e-12);
  assert.deepEqual(
    bins.map(bin => bin.count),
    [0, 0, 1, 0, 4],
  );
  assert.equal(calibrationOf([outcome(1, true), outcome(0, false)]).error, 0);
  assert.equal(calibrationOf([]).error, 0);
  assert.throws(() => calibrationOf([outcome(1.5, true)]), /from 0 to 1/);
});

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

test('the difference of two means over the same items, weighted, with its interval', () => {
  // Equal weights: Student's paired difference, standard error 0.0577 / 2, of which 3 degrees of freedom take 3.182.
  const equal = pairedDifference([1, 2, 1, 2], [1.1, 2.1, 1.2, 2.2], [2, 2, 2, 2]);
  near(equal.difference, 0.15);
  near(equal.low, 0.0582);
  near(equal.high, 0.2418);
  // Of 4 tokens 1 and 3: sums 0.2 and 0.3 about their shares 0.125 and 0.375. One degree of freedom takes 12.706.
  const weighted = pairedDifference([0, 0], [0.2, 0.1], [1, 3]);
  near(weighted.difference, 0.125);
  near(weighted.high - weighted.difference, 0.4765);
  // Of many the normal quantile.
  const many = Array.from({ length: 10_000 }, (_, i) => i % 2);
  const zeros = many.map(() => 0);
  const ones = many.map(() => 1);
  near(pairedDifference(zeros, many, ones).high, 0.5 + 1.96 * 0.005);
  assert.deepEqual(pairedDifference([1], [2], [5]), { difference: 1, low: -Infinity, high: Infinity });
});
