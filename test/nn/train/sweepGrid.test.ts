import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedGrid, ratesAround } from '../../../src/nn/train/sweepGrid.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';

test('five rates by twos around one, none above 1', () => {
  assert.deepEqual(ratesAround(5.3e-4), [1.3e-4, 2.6e-4, 5.3e-4, 1.1e-3, 2.1e-3]);
  assert.deepEqual(ratesAround(0.4), [0.1, 0.2, 0.4, 0.8]);
});

test('a grid has each rate and rank once, in rising order', () => {
  assert.deepEqual(checkedGrid({ rates: [3e-3, 1e-3, 3e-3], ranks: [8, 4], steps: 5 }), {
    rates: [1e-3, 3e-3],
    ranks: [4, 8],
    steps: 5,
  });
});

test('what no recipe could say is refused with what was given', () => {
  const grid = { rates: [1e-3], ranks: [4], steps: 5 };
  for (const [change, message] of [
    [{ rates: [0] }, /learning rate is more than 0 and at most 1, got 0/],
    [{ rates: [Number.NaN] }, /got NaN/],
    [{ ranks: [2.5] }, /a rank is a whole number from 1 to 1024, got 2.5/],
    [{ steps: 0 }, /steps are a whole number, at least 1, got 0/],
    [{ rates: [] }, /at least one learning rate and one rank/],
    [{ ranks: Array.from({ length: 101 }, (_, i) => i + 1) }, /at most 100 points, got 101/],
  ] as const)
    assert.throws(
      () => checkedGrid({ ...grid, ...change } as typeof grid),
      (error: WorkbenchError) => error.code === 'badRequest' && message.test(error.message),
    );
});
