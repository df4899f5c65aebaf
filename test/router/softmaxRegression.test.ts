import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Example, probabilities, trainRegression } from '../../src/router/softmaxRegression.ts';

const feature = (bucket: number) => ({ buckets: Uint32Array.of(bucket), values: Float32Array.of(1) });

test('a soft target is what the classifier then says', () => {
  const examples: Example[] = [{ features: feature(0), target: [0.5, 0.4, 0.1], weight: 1 }];
  const weights = new Float32Array(3);
  trainRegression(weights, examples, { epochs: 500, learningRate: 0.3, pull: 0, seed: 1 });
  probabilities(weights, feature(0), 3).forEach((share, c) => {
    assert.ok(Math.abs(share - [0.5, 0.4, 0.1][c]!) < 1e-3);
  });
});

test('with dropout a second feature that says the same carries as much', () => {
  const both = { buckets: Uint32Array.of(0, 1), values: Float32Array.of(1, 0.25) };
  const examples: Example[] = [0, 1].map(c => ({
    features: c === 0 ? both : feature(2),
    target: [1 - c, c],
    weight: 1,
  }));
  const shareOf = (dropout: number) => {
    const weights = new Float32Array(6);
    trainRegression(weights, examples, { epochs: 50, learningRate: 0.3, pull: 0, dropout, seed: 1 });
    return probabilities(weights, { buckets: Uint32Array.of(1), values: Float32Array.of(0.25) }, 2)[0]!;
  };
  assert.ok(shareOf(0.5) > shareOf(0), `${shareOf(0.5)} and ${shareOf(0)}`);
});
