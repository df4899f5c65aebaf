import assert from 'node:assert/strict';
import test from 'node:test';
import { pairedData } from '../../src/recipe/expertData.ts';

test('files that are named after others as their held-out data go with them', () => {
  assert.deepEqual(pairedData(['x.jsonl', 'x-heldout.jsonl', 'y.csv']), [
    { train: 'x.jsonl', heldOut: 'x-heldout.jsonl' },
    { train: 'y.csv' },
  ]);
  assert.deepEqual(pairedData(['math/train.jsonl', 'math/heldout.jsonl', 'math/validation.jsonl', 'qa/train.jsonl']), [
    { train: 'math/train.jsonl', validation: 'math/validation.jsonl', heldOut: 'math/heldout.jsonl' },
    { train: 'qa/train.jsonl' },
  ]);
  assert.deepEqual(pairedData(['A_train.csv.gz', 'A_TEST.parquet', 'a.b/x.dev.jsonl', 'a.b/x.jsonl']), [
    { train: 'A_train.csv.gz', heldOut: 'A_TEST.parquet' },
    { train: 'a.b/x.jsonl', validation: 'a.b/x.dev.jsonl' },
  ]);
});

test('also where they lie beside them, and no further', () => {
  const beside = ['x.jsonl', 'x-test.jsonl', 'z-test.jsonl', 'contest.jsonl'];
  assert.deepEqual(pairedData(['x.jsonl'], beside), [{ train: 'x.jsonl', heldOut: 'x-test.jsonl' }]);
  // Held-out data of nothing is what somebody wants an expert of; a word that ends so is a word.
  assert.deepEqual(pairedData(['z-test.jsonl', 'contest.jsonl', 'con.jsonl']), [
    { train: 'contest.jsonl' },
    { train: 'con.jsonl' },
    { train: 'z-test.jsonl' },
  ]);
  assert.deepEqual(pairedData(['a/test.jsonl', 'b/train.jsonl']), [
    { train: 'b/train.jsonl' },
    { train: 'a/test.jsonl' },
  ]);
});
