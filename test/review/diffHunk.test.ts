import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { placeLine } from '../../src/review/diffHunk.ts';

const place = (text: string, number: number, lines: string[]) =>
  placeLine(text, number, lines.length, n => lines[n - 1]!);

test('a line is where it was, or at the nearest place where it stands', () => {
  assert.equal(place('b', 2, ['a', 'b', 'c']), 2);
  assert.equal(place('b', 2, ['a', 'x', 'y', 'b', 'c']), 4);
  assert.equal(place('b', 4, ['b', 'x', 'y', 'z', 'b']), 5);
  assert.equal(place('  b', 1, ['  b  ']), 1, 'space at its end does not count');
  assert.equal(place('b', 1, ['  b']), undefined, 'its indentation does');
});

test('one that is gone, and numbers that a file does not have', () => {
  assert.equal(place('b', 2, ['a', 'c']), undefined);
  assert.equal(place('b', 2, []), undefined);
  assert.equal(place('b', Number.MAX_SAFE_INTEGER, ['a', 'b']), 2);
  assert.equal(place('b', 0, ['a', 'b']), 2);
});

test('no other line of the text is nearer (property)', () => {
  const letter = fc.constantFrom('a', 'b');
  fc.assert(
    fc.property(letter, fc.integer({ min: 1, max: 8 }), fc.array(letter, { maxLength: 8 }), (text, number, lines) => {
      const found = place(text, number, lines);
      const all = lines.flatMap((line, i) => (line === text ? [i + 1] : []));
      assert.equal(found === undefined, all.length === 0);
      for (const other of all) assert.ok(Math.abs(other - number) >= Math.abs(found! - number));
    }),
  );
});
