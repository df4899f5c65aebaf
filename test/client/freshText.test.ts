import assert from 'node:assert/strict';
import test from 'node:test';
import { createFreshText } from '../../src/client/freshText.ts';

test('an answer that begins anew is told once, wherever the pieces are cut', () => {
  const told: string[] = [];
  const fresh = createFreshText(text => told.push(text));
  fresh.push('one ');
  fresh.push('two ');
  fresh.restarted();
  for (const piece of ['one', ' tw', 'o th', 'ree']) fresh.push(piece);
  assert.deepEqual(told, ['one ', 'two ', 'th', 'ree']);
});
