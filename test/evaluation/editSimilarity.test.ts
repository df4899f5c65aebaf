import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editSimilarity } from '../../src/evaluation/editSimilarity.ts';

test('edit similarity is one less the share of characters that have to be changed', () => {
  assert.equal(editSimilarity('kitten', 'sitting'), 1 - 3 / 7);
  assert.equal(editSimilarity('  return a;\n', 'return a;'), 1);
  assert.equal(editSimilarity('abc', ''), 0);
  assert.equal(editSimilarity('', ' '), 1);
  assert.equal(editSimilarity('a😀', 'a😁'), 0.5);
});
