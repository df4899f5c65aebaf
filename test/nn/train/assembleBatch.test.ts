import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assembleBatch,
  type BatchPart,
  type EncodedExample,
  lengthGroups,
} from '../../../src/nn/train/assembleBatch.ts';
import { assertClose } from '../../support/assertClose.ts';

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

/** Rows of the given lengths, of which the last `trained` tokens carry loss. */
const part = (expert: number, lengths: number[], trained: number, share = 1): BatchPart => {
  const example = (length: number): EncodedExample => {
    const ids = Int32Array.from({ length }, (_, t) => t);
    return { ids, labels: ids.map((id, t) => (t < length - trained ? -100 : id)) };
  };
  return { expert, scaling: 1, examples: lengths.map(example), share };
};
const lengthsOf = (groups: BatchPart[][]) =>
  groups.map(g => g.map(p => [p.expert, ...p.examples.map(e => e.ids.length)]));

test('rows of like length stay one run', () => {
  const parts = [part(0, [20, 21, 22], 3), part(1, [22, 23], 2)];
  assert.deepEqual(lengthGroups(parts), [parts]);
});

test('short rows of one expert and long ones of another become two runs', () => {
  const groups = lengthGroups([part(0, [10, 11, 12, 60], 3), part(1, [80, 90], 2)]);
  assert.deepEqual(lengthsOf(groups), [
    [[0, 10, 11, 12]],
    [
      [0, 60],
      [1, 80, 90],
    ],
  ]);
});

test("cut or not, a token's weight in its expert's loss is the same", () => {
  const parts = [part(0, [10, 11, 12, 60], 3, 0.5), part(1, [80, 90, 9], 2)];
  const groups = lengthGroups(parts);
  assert.equal(groups.length, 2);
  const weights = (batches: BatchPart[][]) =>
    batches
      .flatMap(b => [...assembleBatch(b, 2).lossWeights])
      .filter(w => w !== 0)
      .sort();
  assertClose(weights(groups), weights([parts]), 1e-7);
  assertClose([weights(groups).reduce((a, b) => a + b)], [1.5], 1e-6);
});
