import assert from 'node:assert/strict';
import test from 'node:test';
import { completionPrompt, suggestionOf } from '../../../src/extension/inline/completionPrompt.ts';

test('a comment above an empty line is a task', () => {
  for (const comment of ['// doubles a number', '  # doubles a number', '/** doubles a number */'])
    assert.deepEqual(completionPrompt(['', comment, ''], 'JavaScript'), { prompt: 'doubles a number', before: '' });
});

test('code is continued; in a comment and in an empty file nothing is suggested', () => {
  const lines = ['function sum(a, b) {', '  return '];
  assert.deepEqual(completionPrompt(lines, 'JavaScript'), {
    prompt: 'Complete this JavaScript code:\nfunction sum(a, b) {\n  return ',
    before: 'function sum(a, b) {\n  return ',
  });
  assert.equal(completionPrompt(['// doubles a num'], 'JavaScript'), undefined);
  assert.equal(completionPrompt([''], 'JavaScript'), undefined);
});

test('a suggestion does not repeat what is there', () => {
  const before = 'function sum(a, b) {\n  return ';
  assert.equal(suggestionOf(`${before}a + b;\n}`, before), 'a + b;\n}');
  assert.equal(suggestionOf('return a + b;', before), 'a + b;');
  assert.equal(suggestionOf('a + b;', before), 'a + b;');
  assert.equal(suggestionOf('```js\nf();\n```', ''), 'f();');
});
