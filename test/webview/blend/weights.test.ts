import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { moveWeight, normalised, sameWeights, sliderRange } from '../../../webview/blend/weights.ts';

const plain = { normalise: false, negative: false };
const sums = { normalise: true, negative: false };
const signed = { normalise: true, negative: true };
const none = new Set<string>();
const weights = { math: 0.5, code: 0.3, qa: 0.2 };

const cases: [string, ReturnType<typeof moveWeight>, Record<string, number>][] = [
  ['freely', moveWeight(weights, 'math', 1, none, plain), { math: 1, code: 0.3, qa: 0.2 }],
  ['not below 0', moveWeight(weights, 'math', -1, none, plain), { math: 0, code: 0.3, qa: 0.2 }],
  ['others in proportion', moveWeight(weights, 'math', 0, none, sums), { math: 0, code: 0.6, qa: 0.4 }],
  ['others from nothing', moveWeight({ a: 1, b: 0, c: 0 }, 'a', 0.5, none, sums), { a: 0.5, b: 0.25, c: 0.25 }],
  ['locked ones stay', moveWeight(weights, 'math', 0.6, new Set(['code']), sums), { math: 0.6, code: 0.3, qa: 0.1 }],
  [
    'up to what is not locked',
    moveWeight(weights, 'math', 1, new Set(['code']), sums),
    { math: 0.7, code: 0.3, qa: 0 },
  ],
  ['nobody free', moveWeight(weights, 'math', 1, new Set(['code', 'qa']), sums), { math: 0.5, code: 0.3, qa: 0.2 }],
  ['by equal steps', moveWeight(weights, 'math', 1, none, signed), { math: 1, code: 0.05, qa: -0.05 }],
  ['normalised', normalised({ a: 1, b: 1, c: 2 }, none, sums), { a: 0.25, b: 0.25, c: 0.5 }],
  ['nothing normalised', normalised({ a: 0, b: 0 }, none, sums), { a: 0.5, b: 0.5 }],
];

for (const [name, found, expected] of cases)
  test(`a weight is moved: ${name}`, () => assert.deepEqual(found, expected));

test('where weights sum to 1 they go on doing so, and none is below 0 (property)', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(share, { minLength: 2, maxLength: 6 }), share, fc.nat(5), (values, value, lock) => {
      const start = normalised(Object.fromEntries(values.map((v, i) => [`e${i}`, v])), none, sums);
      const locked = new Set([`e${(lock % (values.length - 1)) + 1}`]);
      const moved = moveWeight(start, 'e0', value, locked, sums);
      const sum = Object.values(moved).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - 1) < 1e-3, `${sum}`);
      for (const weight of Object.values(moved)) assert.ok(weight >= 0, `${weight}`);
    }),
  );
});

test('a slider reaches what is there', () => {
  assert.deepEqual(sliderRange(weights, plain), { min: 0, max: 1 });
  assert.deepEqual(sliderRange(weights, signed), { min: -1, max: 1 });
  assert.deepEqual(sliderRange({ a: 1.4, b: -2 }, plain), { min: -2, max: 2 });
});

test('blends are the same by what can be seen of their weights', () => {
  assert.ok(sameWeights({ a: 0.333, b: 0 }, { a: 1 / 3 }));
  assert.ok(!sameWeights({ a: 0.5 }, { a: 0.5, b: 0.1 }));
});
