import assert from 'node:assert/strict';
import test from 'node:test';
import { codeOf, languageName } from '../../../src/extension/ask/tasks.ts';

test('the code of an answer: its first fence, or all of it', () => {
  const check = (answer: string, code: string) => assert.equal(codeOf(answer), code);
  check('f(x);\n', 'f(x);');
  check('Here:\n```js\nf(x);\n```\nand\n```js\ng();\n```', 'f(x);');
  check('```\ncut off', 'cut off');
});

test('languages as prompts call them', () => {
  assert.deepEqual(['javascript', 'typescriptreact', 'python', 'cpp', 'plaintext'].map(languageName), [
    'JavaScript',
    'TypeScript',
    'Python',
    'C++',
    '',
  ]);
});
