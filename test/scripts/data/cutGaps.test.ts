import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cutGaps } from '../../../scripts/data/cutGaps.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

test('a gap is what was cut out of a text, ends a line, and is the same for the same seed', () => {
  const text = readFileSync('src/nn/tensor/random.ts', 'utf8');
  const gaps = cutGaps(text, 20, new Random(3));
  assert.equal(gaps.length, 20);
  for (const { prefix, suffix, middle } of gaps) {
    assert.equal(prefix + middle + suffix, text);
    assert.match(suffix, /^\s*(?:\n|$)/);
    assert.ok(middle.trim().length >= 4 && middle.split('\n').length <= 8);
  }
  assert.deepEqual(cutGaps(text, 20, new Random(3)), gaps);
  assert.notDeepEqual(cutGaps(text, 20, new Random(4)), gaps);
  assert.ok(gaps.some(gap => gap.middle.includes('\n')) && gaps.some(gap => !gap.middle.includes('\n')));
});
