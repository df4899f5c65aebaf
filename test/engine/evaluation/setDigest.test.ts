import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldOutItem } from '../../../src/engine/evaluation/answerSet.ts';
import { digestOf } from '../../../src/engine/evaluation/setDigest.ts';

const item = (line: number, prompt: string, answer: string) =>
  heldOutItem({
    line,
    messages: [
      { role: 'user', content: prompt },
      { role: 'assistant', content: answer },
    ],
    meta: {},
  });

test('a set has the same digest in another order, and another with another answer', () => {
  const digest = digestOf([item(1, 'a', 'x'), item(2, 'b', 'y')]);
  assert.equal(digestOf([item(1, 'b', 'y'), item(5, 'a', 'x')]), digest);
  assert.notEqual(digestOf([item(1, 'a', 'x'), item(2, 'b', 'z')]), digest);
  assert.match(digest, /^[0-9a-f]{16}$/);
});
