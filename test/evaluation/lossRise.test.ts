import assert from 'node:assert/strict';
import test from 'node:test';
import { lossRise } from '../../src/evaluation/lossRise.ts';

test('the rise of a loss is that of all tokens, and its interval the one that texts drawn again give', () => {
  const tokens = Array.from({ length: 60 }, (_, i) => 10 + ((i * 37) % 50));
  const over = tokens.map((n, i) => 2.5 * n + ((i * 53) % 17) - 8);
  const of = tokens.map((n, i) => over[i]! + 0.08 * n + (((i * 29) % 23) - 11) * 0.3);
  const { rise, halfWidth } = lossRise(of, over, tokens);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(rise - (sum(of) - sum(over)) / sum(tokens)) < 1e-12);
  // 1.96 standard deviations over 60,000 samples of the texts with replacement.
  assert.ok(Math.abs(halfWidth / 0.01442 - 1) < 0.03, `${halfWidth}`);
});

test('one text has no interval', () => {
  assert.deepEqual(lossRise([3], [2], [4]), { rise: 0.25, halfWidth: Number.NaN });
});
