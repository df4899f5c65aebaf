import assert from 'node:assert/strict';
import test from 'node:test';
import type { FoundWeights } from '../../src/protocol/engine/weighing.ts';
import { advice, foundWeightsLines } from '../../src/report/foundWeights.ts';

const byScore: FoundWeights = {
  weights: { math: 1.1, code: -0.2 },
  by: 'final',
  source: 'few.jsonl',
  examples: 20,
  of: 64,
  seed: 1,
  parts: [
    { math: 1, code: 0 },
    { math: 1.2, code: -0.4 },
  ],
  figure: 0.75,
  controls: [
    { kind: 'equal', figure: 0.25, difference: 0.5, low: 0.2, high: 0.8 },
    { kind: 'expert', expert: 'math', figure: 0.7, difference: 0.05, low: -0.1, high: 0.2 },
    { kind: 'base', figure: 0, difference: 0.75, low: 0.5, high: 1 },
  ],
  seconds: 75,
  notes: [],
};

test('what was found, beside what, and by how much', () => {
  assert.deepEqual(foundWeightsLines(byScore), [
    'math 1.10, code -0.20',
    'Found by scored answers (final answer), from 20 of 64 examples of few.jsonl, in 1 min 15 s.',
    'Judged in 2 parts, each with weights found without it: 75.0 % right.',
    '  Compared with equal weights (25.0 % right): +50.0 (+20.0 to +80.0), beyond noise',
    '  Compared with the best expert, math (70.0 % right): +5.0 (−10.0 to +20.0), within noise',
    '  Compared with the base alone (0.0 % right): +75.0 (+50.0 to +100.0), beyond noise',
    'Weights of the parts: math 1.00 to 1.20, code -0.40 to 0.00.',
    'These examples do not tell whether the weights are better than the best expert, math: use the simpler of the two, or give more examples.',
  ]);
});

test('a loss is better where it is lower', () => {
  const controls = [{ kind: 'equal' as const, figure: 0.9, difference: -0.3, low: -0.4, high: -0.2 }];
  const better: FoundWeights = { ...byScore, by: 'loss', figure: 0.6, controls };
  assert.equal(advice(better), 'Use the weights: they are better than all of these, beyond noise.');
  const worse = { ...better, controls: [{ ...controls[0]!, difference: 0.3, low: 0.2, high: 0.4 }] };
  assert.equal(advice(worse), 'Use equal weights: the weights do worse, beyond noise.');
  assert.match(
    foundWeightsLines(better)[3]!,
    /Compared with equal weights \(loss 0\.9 per token\): −0\.3 \(−0\.4 to −0\.2\), beyond/,
  );
});

test('where no expert has weight, the base alone is named', () => {
  const found: FoundWeights = { ...byScore, weights: { math: 0, code: 0 } };
  assert.equal(foundWeightsLines(found)[0], 'the base alone');
  assert.equal(advice(found), 'Use the base alone: no expert helps on these examples.');
});
