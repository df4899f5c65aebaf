import assert from 'node:assert/strict';
import { test } from 'node:test';
import { featuresOf } from '../../src/router/features.ts';

const names = (prompt: string) => featuresOf(prompt).map(({ name }) => name);

test("'address' has no word 'add', 'x-ray' no 'x', 'add-on' no 'add'", () => {
  for (const prompt of ['my address', 'an x-ray', 'an add-on']) {
    for (const word of ['add', 'x', 'ray', 'on']) assert.ok(!names(prompt).includes(word), `${word} in ${prompt}`);
  }
});

test('operators make an equation between numbers and variables, not inside code or words', () => {
  assert.ok(names('x² + 5x + 6 = 0').includes('[equation]'));
  assert.ok(names('12 / 4').includes('[equation]'));
  for (const prompt of ['total += x[i] + 1;', 'an x-ray', 'well - maybe', 'let y = f(x) - 1']) {
    assert.ok(!names(prompt).includes('[equation]'), prompt);
  }
});

test('case, final marks and curly apostrophes do not change what is seen', () => {
  assert.deepEqual(names("Who's the author?"), names('who’s the author'));
});

test('a prompt without a word has the baseline alone', () => {
  for (const prompt of ['', '   ', '?!', '+ - =']) assert.equal(featuresOf(prompt).length, 1);
});

test('each group has a length that does not depend on how long the prompt is', () => {
  const lengths = ['one two', Array.from({ length: 300 }, (_, i) => `w${i}`).join(' ')].map(prompt =>
    featuresOf(prompt)
      .filter(({ name }) => /^\w+$/.test(name))
      .reduce((sum, { value }) => sum + value ** 2, 0),
  );
  for (const length of lengths) assert.ok(Math.abs(length - 1) < 1e-6);
});

test('the form of a prompt is its closed-class words with the rest left open', () => {
  const forms = names('the capital of Burkina Faso').filter(name => name.startsWith('form'));
  assert.deepEqual(forms, [
    "form '| the'",
    "form 'the _'",
    "form '_ of'",
    "form 'of _'",
    "form '| the _'",
    "form 'the _ of'",
    "form '_ of _'",
    "form 'of _ |'",
  ]);
});

test('of two requests each speaks under its own name, and the words beside them at a fifth', () => {
  const features = featuresOf('Write code and explain the maths');
  const sizeOf = (wanted: string) => features.find(({ name }) => name === wanted)?.value ?? 0;
  assert.ok(Math.abs(sizeOf("asks 'code'") - 1.2 / Math.sqrt(2)) < 1e-6);
  assert.ok(Math.abs(sizeOf("also asks 'maths'") - 1.2 / Math.sqrt(3)) < 1e-6);
  assert.ok(Math.abs(sizeOf('code') - 0.2 / Math.sqrt(6)) < 1e-6);
});

test('a very long prompt is read at both ends only', () => {
  const seen = names(`first ${'filler '.repeat(5000)}middlemost ${'filler '.repeat(5000)}last`);
  assert.deepEqual(
    ['first', 'middlemost', 'last'].map(word => seen.includes(word)),
    [true, false, true],
  );
});
