import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cholesky, solveRows } from '../../../src/nn/linalg/cholesky.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

/** XᵀX of a random X with so many rows more than columns. */
function gram(n: number, more: number, random: Random): Float64Array {
  const s = new Float64Array(n * n);
  for (let row = 0; row < n + more; row++) {
    const x = Float64Array.from({ length: n }, () => random.normal());
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) s[i * n + j]! += x[i]! * x[j]!;
  }
  return s;
}

test('a system known in closed form', () => {
  // [[4, 2], [2, 5]] = L Lᵀ with L = [[2, 0], [1, 2]]; (1, 1) S = (6, 7).
  const s = Float64Array.of(4, 2, 2, 5);
  assert.equal(cholesky(s, 2), true);
  assert.deepEqual([s[0], s[2], s[3]], [2, 1, 2]);
  const rows = Float64Array.of(6, 7);
  solveRows(s, 2, rows);
  assert.deepEqual([...rows], [1, 1]);
});

test('L Lᵀ is the matrix, and what is solved for fits, for any size', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (n, seed) => {
      const random = new Random(seed);
      const s = gram(n, 5, random);
      const l = s.slice();
      assert.equal(cholesky(l, n), true);
      for (let i = 0; i < n; i++)
        for (let j = 0; j <= i; j++) {
          let product = 0;
          for (let k = 0; k <= j; k++) product += l[i * n + k]! * l[j * n + k]!;
          assert.ok(Math.abs(product - s[i * n + j]!) < 1e-12 * n * 100);
        }
      const wanted = Float64Array.from({ length: 2 * n }, () => random.normal());
      const rows = new Float64Array(2 * n);
      for (let r = 0; r < 2; r++)
        for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) rows[r * n + j]! += wanted[r * n + i]! * s[i * n + j]!;
      solveRows(l, n, rows);
      for (let i = 0; i < rows.length; i++)
        assert.ok(Math.abs(rows[i]! - wanted[i]!) < 1e-6, `${rows[i]} ${wanted[i]}`);
    }),
  );
});

test('a matrix that is not positive definite is refused', () => {
  assert.equal(cholesky(Float64Array.of(1, 2, 2, 1), 2), false);
  assert.equal(cholesky(Float64Array.of(0), 1), false);
  assert.equal(cholesky(Float64Array.of(Number.NaN), 1), false);
});
