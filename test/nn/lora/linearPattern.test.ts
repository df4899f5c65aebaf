import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linearPattern } from '../../../src/nn/lora/linearPattern.ts';

test('what fits is what fits JavaScript’s own expression', () => {
  const parts = ['a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\b', '\\.', '(a|b)', '(?:ab|a)', '1', '^', '$', '_'];
  const piece = fc.tuple(fc.constantFrom(...parts), fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}', '{1,}', '*?'));
  const source = fc.array(piece, { maxLength: 5 }).map(list => list.map(([p, q]) => (/[\^$b]$/.test(p) ? p : p + q)));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '_'), maxLength: 8 });
  fc.assert(
    fc.property(source, text, (list, given) => {
      const pattern = list.join('');
      assert.equal(linearPattern(pattern)(given), new RegExp(`^(?:${pattern})$`).test(given), `${pattern} on ${given}`);
    }),
    { numRuns: 3000 },
  );
});

test('expressions that take others for ever take no time', () => {
  const text = `${'a'.repeat(300)}!`;
  for (const source of [
    `${'a?'.repeat(240)}${'a'.repeat(240)}`,
    '(a|a)*b',
    '(a|aa)+$',
    '((a*)*)*',
    '(.*)(.*)(.*)(.*)b',
  ])
    assert.equal(linearPattern(source)(text), false, source);
});

test('what is no expression, or not known here, is refused', () => {
  for (const source of [
    '(',
    ')',
    'a(b',
    '[',
    '*',
    'a**',
    '\\',
    '(?=a)',
    '(?<n>a)',
    '(?i)a',
    '(a)\\1',
    '[b-a]',
    'a{3,2}',
  ])
    assert.throws(() => linearPattern(source), Error, source);
  assert.throws(() => linearPattern('(a{99}){99}'), /too large/);
  assert.throws(() => linearPattern('('.repeat(5000)), /too deep/);
});
