import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blendRules, blendWeights } from '../../src/router/router.ts';

test('from 0.75 on one expert gets everything', () => {
  assert.deepEqual(blendWeights({ math: 0.75, code: 0.25 }), { math: 1 });
  assert.deepEqual(blendWeights({ math: 0.7, code: 0.3 }), { math: 0.7, code: 0.3 });
});

test('a share below 0.04 is dropped and the rest rescaled', () => {
  const weights = blendWeights({ code: 0.66, math: 0.33, qa: 0.01 });
  assert.deepEqual(Object.keys(weights), ['code', 'math']);
  assert.ok(Math.abs(weights.code! - 2 / 3) < 1e-12);
});

test('nothing positive gives no weights', () => assert.deepEqual(blendWeights({ math: 0, code: 0 }), {}));

test('weights sum to 1, none is tiny, and order is kept', () => {
  const shares = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.double({ min: 1e-6, max: 1, noNaN: true }), {
    minKeys: 1,
    maxKeys: 8,
  });
  fc.assert(
    fc.property(shares, given => {
      const weights = Object.values(blendWeights(given));
      assert.ok(Math.abs(weights.reduce((a, b) => a + b, 0) - 1) < 1e-9);
      assert.ok(
        weights.every((weight, i) => weight >= blendRules.drop - 1e-12 && (i === 0 || weight <= weights[i - 1]!)),
      );
    }),
  );
});
