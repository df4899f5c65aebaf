import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discriminant } from '../../../src/nn/gates/discriminant.ts';
import { goldenJson } from '../../support/goldenFiles.ts';

const gold = goldenJson('gates/linear/discriminant.json');

/** Sums over the golden's vectors, as they are collected batch by batch. */
function sumsOf(x: number[][], y: number[]) {
  const [n, classes] = [x[0]!.length, Math.max(...y) + 1];
  const square = new Float64Array(n * n);
  const means = Array.from({ length: classes }, () => new Float64Array(n));
  for (const [i, row] of x.entries()) {
    const count = y.filter(k => k === y[i]).length;
    for (let a = 0; a < n; a++) {
      means[y[i]!]![a]! += row[a]! / count;
      for (let b = 0; b < n; b++) square[a * n + b]! += (row[a]! * row[b]!) / (count * classes);
    }
  }
  return { square, means };
}

test('probabilities are those of scikit-learn’s discriminant with the same shrinkage and equal priors', () => {
  const { weight, bias } = discriminant(sumsOf(gold.x, gold.y));
  for (const [i, x] of (gold.probe as number[][]).entries()) {
    const scores = [...bias].map((b, k) => x.reduce((sum, v, j) => sum + v * weight[k * x.length + j]!, b));
    const powers = scores.map(s => Math.exp(s - Math.max(...scores)));
    const all = powers.reduce((a, b) => a + b);
    for (const [k, power] of powers.entries())
      assert.ok(Math.abs(power / all - gold.probabilities[i][k]) < 1e-5, `${power / all} ${gold.probabilities[i][k]}`);
  }
});

test('directions in which nothing varies say nothing', () => {
  const square = Float64Array.of(2, 0, 0, 0);
  const { weight, bias } = discriminant({ square, means: [Float64Array.of(1, 0), Float64Array.of(-1, 0)] });
  assert.ok(weight[0]! > 0 && weight[2]! < 0);
  assert.equal(weight[1], 0);
  assert.equal(bias[0], bias[1]);
});

test('sums that are not finite are refused', () => {
  const means = [Float64Array.of(Number.NaN)];
  assert.throws(() => discriminant({ square: Float64Array.of(1), means }), /not finite/);
});
