import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { evidenceSpans, hasPlace } from '../../../webview/blend/evidenceSpans.ts';

const prompt = "What's 12% of the percentage? Then 1,500 dollars, in C++ for an add-on.";

const cases: [feature: string, marked: string[]][] = [
  ['of', ['of']],
  ['of the', ['of the']],
  ['<number>', ['12', '1,500']],
  ['<number> dollars', ['1,500 dollars']],
  ['perce…', ['perce']],
  ['…tage', ['tage']],
  ['…cent…', ['cent']],
  ["starts with 'what's'", ["What's"]],
  ["ends asking 'then <number>'", ['Then 1,500']],
  ["form 'of _'", []],
  ['[several numbers]', []],
  ['percent', []],
  ['c++', ['C++']],
  ['add-on', ['add-on']],
];

for (const [feature, marked] of cases)
  test(`what the router saw is marked: ${feature}`, () => {
    const spans = evidenceSpans(prompt, [{ expert: 'math', feature, contribution: 1 }]);
    assert.deepEqual(
      spans.filter(({ expert }) => expert).map(({ text }) => text),
      marked,
    );
    assert.equal(hasPlace(feature, prompt), marked.length > 0);
  });

test('where two experts are meant, the one for whom more is said', () => {
  const spans = evidenceSpans('two words', [
    { expert: 'qa', feature: 'two words', contribution: 1 },
    { expert: 'math', feature: 'two', contribution: 1.5 },
  ]);
  assert.deepEqual(
    spans.map(({ text, expert }) => [text, expert]),
    [
      ['two', 'math'],
      [' words', 'qa'],
    ],
  );
});

test('the pieces are the prompt, whatever the feature (fuzz)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, feature) => {
      const spans = evidenceSpans(text, [{ expert: 'a', feature, contribution: 1 }]);
      assert.equal(spans.map(span => span.text).join(''), text);
    }),
  );
});
