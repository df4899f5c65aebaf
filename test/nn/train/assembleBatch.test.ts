import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembleBatch, type EncodedExample } from '../../../src/nn/train/assembleBatch.ts';

const example = (ids: number[], labels: number[]): EncodedExample => ({
  ids: Int32Array.from(ids),
  labels: Int32Array.from(labels),
});

test('rows are padded on the right, gated to their expert, and each loss is the mean over its own tokens', () => {
  const batch = assembleBatch(
    [
      { expert: 1, scaling: 2, examples: [example([5, 6, 7], [-100, 6, 7]), example([8, 9], [8, 9])], share: 1 },
      { expert: 0, scaling: 0.5, examples: [example([3, 4, 5, 6], [-100, -100, 5, 6])], share: 0.5 },
    ],
    2,
  );
  assert.deepEqual([batch.rows, batch.length, batch.tokens], [3, 4, 9]);
  assert.deepEqual([...batch.ids], [5, 6, 7, 0, 8, 9, 0, 0, 3, 4, 5, 6]);
  assert.deepEqual([...batch.gate], [0, 2, 0, 2, 0.5, 0]);
  // A label is predicted by the position before it; the first token of a row is predicted by nothing.
  assert.deepEqual([...batch.lossRows], [0, 1, 4, 9, 10]);
  assert.deepEqual([...batch.labels], [6, 7, 9, 5, 6]);
  const third = Math.fround(1 / 3);
  assert.deepEqual([...batch.lossWeights], [0, third, 0, third, 0, third, 0.25, 0, 0.25, 0]);
});
