import assert from 'node:assert/strict';
import test from 'node:test';
import { routeLine, routePage } from '../../../src/extension/ask/routeText.ts';
import type { RouteResult } from '../../../src/protocol/route.ts';

const route: RouteResult = {
  weights: { code: 0.9, qa: 0.1 },
  abstained: false,
  evidence: [
    { expert: 'math', feature: 'number', contribution: 3 },
    { expert: 'code', feature: 'function', contribution: 0.5 },
    { expert: 'code', feature: "form 'a _ that'", contribution: 0.7 },
    { expert: 'code', feature: 'a|b`c', contribution: 0.6 },
    { expert: 'code', feature: 'an', contribution: 0.9 },
    { expert: 'qa', feature: 'write', contribution: -1 },
  ],
};

test('one line: the weights, and the words that spoke for them', () => {
  assert.equal(routeLine(route, 4), 'Routed to **code 0.90 · qa 0.10**, because of ``a|b`c``, `function`.');
  assert.equal(routeLine(route, 0), 'Routed to **code 0.90 · qa 0.10**.');
  assert.match(routeLine({ weights: {}, abstained: true, evidence: [] }, 4), /the base answers alone/);
});

test('words that every sentence has are left to the page, and what is no word is said without its marks', () => {
  const features = ['an', 'is <number>', '<number> <number>', '[equation]', '<number> eggs', 'what is'];
  const evidence = features.map((feature, i) => ({ expert: 'code', feature, contribution: 9 - i }));
  assert.match(routeLine({ ...route, evidence }, 4), /, because of `equation`, `number eggs`\.$/);
  const numbers = evidence.slice(0, 2);
  assert.match(
    routeLine({ ...route, evidence: numbers }, 4),
    /, because of `an`, `is number`\.$/,
    'better than nothing',
  );
});

test('the page has all evidence, the strongest first', () => {
  const page = routePage('Write\na function', route);
  assert.ok(page.startsWith('Route: code 0.90 · qa 0.10\n'));
  assert.match(page, /\n {4}Write\n {4}a function\n/);
  const rows = page.split('\n').filter(line => /^ {4}[+−]/.test(line));
  assert.deepEqual(rows, [
    '    +3.00  math  number',
    '    −1.00  qa    write',
    '    +0.90  code  an',
    "    +0.70  code  form 'a _ that'",
    '    +0.60  code  a|b`c',
    '    +0.50  code  function',
  ]);
});
