import assert from 'node:assert/strict';
import { test } from 'node:test';
import { performanceBlend } from '../../src/evaluation/performanceBlend.ts';

test('weights are shares of the gain over the base', () => {
  const scores = [
    { expert: 'code', score: 0.75 },
    { expert: 'math', score: 0.5 },
    { expert: 'qa', score: 0.125 },
  ];
  assert.deepEqual(performanceBlend(scores, 0.25), { code: 2 / 3, math: 1 / 3, qa: 0 });
});

test('where nothing beats the base the blend is the base', () => {
  assert.deepEqual(performanceBlend([{ expert: 'code', score: 0.2 }], 0.2), { code: 0 });
  assert.deepEqual(performanceBlend([], 0.5), {});
});

test('a score must be a share', () => {
  assert.throws(() => performanceBlend([{ expert: 'code', score: 75 }], 0.2), /code must be from 0 to 1, got 75/);
  assert.throws(() => performanceBlend([], Number.NaN), /base/);
});
