import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembleBatch, type BatchPart, type EncodedExample } from '../../../src/nn/train/assembleBatch.ts';
import { lengthGroups } from '../../../src/nn/train/lengthGroups.ts';
import { assertClose } from '../../support/assertClose.ts';

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
