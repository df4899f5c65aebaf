import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsesStill } from '../../src/review/parsesStill.ts';

test('a replacement has to leave a file that parses, where it did before', () => {
  const lines = ['import { a } from "a";', 'export function run() {', '  return a();', '}'];
  assert.equal(parsesStill(lines, 3, 'return await a();', 'javascript'), false);
  assert.equal(parsesStill(lines, 3, 'return a(1);', 'javascript'), true);
  assert.equal(parsesStill(lines, 2, '', 'javascript'), false);
  // One that did not parse may be mended a line at a time.
  assert.equal(parsesStill(['function (', 'a('], 2, 'a()', 'javascript'), true);
  // Of other languages nothing is said.
  assert.equal(parsesStill(['let a: string;'], 1, 'let a: = ;', 'typescript'), true);
});
