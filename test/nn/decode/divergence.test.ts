import assert from 'node:assert/strict';
import test from 'node:test';
import { klDivergence, logProbabilities } from '../../../src/nn/decode/divergence.ts';

const close = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${found} ${expected}`);

test('log-probabilities are those of the softmax, whatever is added to all logits', () => {
  for (const shift of [0, 1000, -1000]) {
    const found = logProbabilities([Math.log(1) + shift, Math.log(2) + shift, Math.log(5) + shift]);
    for (const [i, share] of [1 / 8, 2 / 8, 5 / 8].entries()) close(Math.exp(found[i]!), share);
  }
});

test('KL of two coins by hand: 3/4 · ln(3/2) + 1/4 · ln(1/2)', () => {
  const [biased, fair] = [logProbabilities([Math.log(3), 0]), logProbabilities([0, 0])];
  close(klDivergence(biased, fair), 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5));
  close(klDivergence(fair, biased), 0.5 * Math.log(2 / 3) + 0.5 * Math.log(2));
  assert.equal(klDivergence(fair, fair), 0);
});
