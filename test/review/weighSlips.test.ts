import assert from 'node:assert/strict';
import { test } from 'node:test';
import { likelySlip, slipChoice } from '../../src/review/weighSlips.ts';

const slips = [
  { severity: 'error' as const, message: 'one', replacement: 'b();' },
  { severity: 'warning' as const, message: 'two', replacement: 'c();' },
];

test('a choice has the lines around, and the line with its indentation', () => {
  assert.deepEqual(slipChoice(['f(() => {', '  a();', '});'], 2, slips), {
    before: 'f(() => {\n',
    texts: ['  a();\n});', '  b();\n});', '  c();\n});'],
  });
});

test('the most probable slip, where it is much more probable than the line', () => {
  assert.equal(likelySlip(slips, [-20, -15, -10])?.message, 'two');
  assert.equal(likelySlip(slips, [-20, -19, -18.5]), undefined);
  assert.equal(likelySlip([], [-20]), undefined);
});
