import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultKeywords, keywordRouter } from '../../src/router/keywords.ts';

const route = keywordRouter(defaultKeywords);
const adder = keywordRouter({ math: { add: 1, minus: 1, 'divided by': 2 }, code: { 'c++': 1, list: -1, array: 1 } });

test('an equation goes to math alone', () => {
  const { expert, weights, abstained } = route('Solve this equation: x² + 5x + 6 = 0');
  assert.equal(expert, 'math');
  assert.deepEqual(weights, { math: 1 });
  assert.equal(abstained, false);
});

test('a mixed request is shared 50/40/10', () => {
  const { expert, weights } = route('Write Python code to solve quadratic equations and explain the math');
  assert.equal(expert, undefined);
  assert.deepEqual(weights, { code: 0.5, math: 0.4, qa: 0.1 });
});

for (const prompt of [
  'What is my address?',
  'an add-on',
  'Zwei plus-minus-Zeichen',
  'terminus',
  'ADDITIVE',
  'x-ray',
  'a - b',
  'i++',
  '',
]) {
  test(`'${prompt}' holds no keyword`, () => {
    assert.deepEqual(adder(prompt), { weights: {}, abstained: true, expert: undefined, evidence: [] });
  });
}

for (const prompt of [
  'Add 2',
  '(add)',
  'add, then stop',
  'ADD!',
  'ten divided by two',
  'ten DIVIDED\nBY two',
  '“add”',
]) {
  test(`'${prompt}' holds a keyword`, () => assert.equal(adder(prompt).expert, 'math'));
}

test('a language named with a sign is a word', () => assert.equal(adder('in C++ please').expert, 'code'));

test('letters with accents belong to the word they stand in', () => {
  assert.equal(keywordRouter({ qa: { cafe: 1 } })('the cafés').abstained, true);
  assert.equal(keywordRouter({ qa: { été: 1 } })('un bel ÉTÉ').expert, 'qa');
});

test('each key counts once, negative points subtract and evidence is sorted', () => {
  const { weights, evidence } = adder('add add minus, divided by an array of a list');
  assert.deepEqual(weights, { math: 1 });
  assert.deepEqual(
    evidence.map(({ feature }) => feature),
    ['divided by', 'add', 'minus', 'list', 'array'],
  );
});
