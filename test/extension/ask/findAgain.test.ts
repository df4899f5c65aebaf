import assert from 'node:assert/strict';
import test from 'node:test';
import { findAgain } from '../../../src/extension/ask/findAgain.ts';

test('what was asked about is found where it is now', () => {
  const check = (text: string, now: string, offset: number, found: number | undefined) =>
    assert.equal(findAgain(text, now, offset), found, `${text} in ${now}`);
  check('b();', 'a();\nb();\n', 5, 5);
  check('b();', 'a();\nnew();\nb();\n', 5, 12);
  check('b();', 'b();\n', 5, 0);
  check('b();', 'b(); ........ b();', 6, 0);
  check('b();', 'b(); ........ b();', 12, 14);
  check('b();', 'c();\n', 0, undefined);
});

test('nothing that was selected: the place itself, or the end of what is left', () => {
  assert.equal(findAgain('', 'abc', 2), 2);
  assert.equal(findAgain('', 'a', 2), 1);
});
