import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { changedPart } from '../../src/recipe/changedPart.ts';

test('put in its place it makes one text the other, and begins and ends with what differs (property)', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 12 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const { start, end, text: part } = changedPart(before, after);
      assert.equal(before.slice(0, start) + part + before.slice(end), after);
      if (part && start < end) assert.notEqual(part[0], before[start]);
      if (part && start < end) assert.notEqual(part.at(-1), before[end - 1]);
    }),
  );
});
