import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../src/text/nearest.ts';

const check = (word: string, expected: string | undefined) =>
  test(`'${word}' → ${expected}`, () =>
    assert.equal(nearest(word, ['seed', 'learningRate', 'lora', 'rank', 'targets']), expected));

check('sed', 'seed');
check('SEED', 'seed');
check('esed', 'seed');
check('learning_rate', 'learningRate');
check('target', 'targets');
check('rnak', 'rank');
check('completelyOther', undefined);

test('names that are long are near to none, and of many candidates the first are compared', () => {
  assert.equal(nearest('a'.repeat(65), ['a'.repeat(64)]), undefined);
  assert.equal(nearest(`${'a'.repeat(63)}b`, ['c'.repeat(100_000), 'a'.repeat(64)]), 'a'.repeat(64));
  // Eight edits make another word of any.
  assert.equal(nearest('a'.repeat(40), [`${'b'.repeat(9)}${'a'.repeat(31)}`]), undefined);
  assert.equal(nearest('a'.repeat(40), [`${'b'.repeat(8)}${'a'.repeat(32)}`]), `${'b'.repeat(8)}${'a'.repeat(32)}`);
  const others = Array.from({ length: 100 }, (_, i) => `rabk${i % 10}`);
  assert.equal(nearest('rank', [...others, 'rank']), 'rabk0');
});

test('the distance is that of the whole table, whatever part of it is computed', () => {
  const letters = ['a', 'b', 'c'];
  let seed = 1;
  const word = () =>
    Array.from({ length: 2 + (seed % 7) }, () => letters[(seed = (seed * 48271) % 2147483647) % 3]).join('');
  for (let i = 0; i < 2000; i++) {
    const [a, b] = [word(), word()];
    const limit = Math.max(2, Math.floor(a.length / 3));
    assert.equal(nearest(a, [b]) === b, distance(a, b) <= limit, `${a} ${b}`);
  }
});

function distance(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i || j));
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const replaced = d[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      d[i]![j] = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d[i]![j] = Math.min(d[i]![j]!, d[i - 2]![j - 2]! + 1);
    }
  return d[a.length]![b.length]!;
}
