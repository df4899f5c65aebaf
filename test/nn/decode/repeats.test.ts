import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { repeatsItself } from '../../../src/nn/decode/repeats.ts';

const times = (phrase: number[], count: number) => Array.from({ length: count }, () => phrase).flat();

test('a phrase that comes again and again is a repetition', () => {
  assert.ok(repeatsItself([9, 8, ...times([1, 2, 3, 4, 5], 7)]));
  assert.ok(!repeatsItself([9, 8, ...times([1, 2, 3, 4, 5], 6)]));
  assert.ok(
    repeatsItself(
      times(
        Array.from({ length: 40 }, (_, i) => i),
        6,
      ),
    ),
  );
});

test('a rule, or a list of a few dozen zeros, is none', () => {
  assert.ok(!repeatsItself(times([7], 63)));
  assert.ok(!repeatsItself(times([7, 8], 30)));
  assert.ok(repeatsItself(times([7, 8], 32)));
});

test('lines that differ in one token are none (property)', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { minLength: 3, maxLength: 10 }), phrase => {
      const lines = Array.from({ length: 20 }, (_, i) => [...phrase, 100 + i]).flat();
      assert.ok(!repeatsItself(lines));
    }),
  );
});
