import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Columns, column, columnsOf, dot } from '../../../src/nn/linalg/columns.ts';
import { leadingSvd } from '../../../src/nn/linalg/leadingSvd.ts';
import { qrTriangle, thinQr } from '../../../src/nn/linalg/qr.ts';
import { productNorm, productSvd, type Svd } from '../../../src/nn/linalg/svd.ts';
import type { Matrix } from '../../../src/nn/tensor/dtype.ts';
import { Random } from '../../../src/nn/tensor/random.ts';

function randomMatrix(rows: number, cols: number, random: Random): Matrix {
  return { rows, cols, data: Float32Array.from({ length: rows * cols }, () => random.normal()) };
}

/** The largest difference of XᵀX from the unit matrix, over the columns whose singular value is not zero. */
function orthogonality(x: Columns, s: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < x.cols; i++) {
    for (let j = 0; j <= i; j++) {
      if (s[i]! > 1e-12 * s[0]!) worst = Math.max(worst, Math.abs(dot(column(x, i), column(x, j)) - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

/** ‖M − U s Vᵀ‖ / ‖M‖ */
function residual(m: Matrix, { u, s, v }: Svd): number {
  let [error, norm] = [0, 0];
  for (let i = 0; i < m.rows; i++) {
    for (let j = 0; j < m.cols; j++) {
      let value = 0;
      for (let k = 0; k < s.length; k++) value += u.data[k * u.rows + i]! * s[k]! * v.data[k * v.rows + j]!;
      error += (m.data[i * m.cols + j]! - value) ** 2;
      norm += m.data[i * m.cols + j]! ** 2;
    }
  }
  return norm === 0 ? Math.sqrt(error) : Math.sqrt(error / norm);
}

const ones = (n: number) => new Array<number>(n).fill(1);

test('singular values of a matrix known in closed form', () => {
  // [[3, 0], [4, 5]] has the singular values 3√5 and √5.
  const { s } = leadingSvd({ rows: 2, cols: 2, data: Float32Array.of(3, 0, 4, 5) }, 2);
  assert.ok(Math.abs(s[0]! - 3 * Math.sqrt(5)) < 1e-14 && Math.abs(s[1]! - Math.sqrt(5)) < 1e-14, String(s));
});

test('QR: orthonormal Q, X = QR, for any shape and for columns that repeat', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(),
      fc.boolean(),
      (m, n, seed, repeat) => {
        const x = columnsOf(randomMatrix(m, n, new Random(seed)));
        if (repeat && n > 1) column(x, 1).set(column(x, 0));
        const { q, r } = thinQr(x);
        assert.ok(orthogonality(q, ones(q.cols)) < 1e-14);
        for (let j = 0; j < n; j++) {
          for (let i = 0; i < m; i++) {
            let value = 0;
            for (let k = 0; k < r.rows; k++) value += q.data[k * m + i]! * r.data[j * r.rows + k]!;
            assert.ok(Math.abs(value - x.data[j * m + i]!) < 1e-13);
          }
        }
        assert.deepEqual(qrTriangle(x), r);
      },
    ),
  );
});

test('dense SVD: M = U s Vᵀ with orthonormal U and V, for any shape and rank', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 12 }),
      fc.nat(),
      (m, n, r, seed) => {
        const random = new Random(seed);
        const left = randomMatrix(m, r, random);
        const right = randomMatrix(n, r, random);
        const dense: Matrix = { rows: m, cols: n, data: new Float32Array(m * n) };
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            for (let k = 0; k < r; k++) dense.data[i * n + j]! += left.data[i * r + k]! * right.data[j * r + k]!;
          }
        }
        const svd = leadingSvd(dense, 99);
        assert.ok(residual(dense, svd) < 1e-13);
        assert.ok(orthogonality(svd.u, svd.s) < 1e-12 && orthogonality(svd.v, svd.s) < 1e-12);
        if (r === 0) return;
        const product = productSvd(columnsOf(left), columnsOf(right), 99);
        assert.ok(residual(dense, product) < 1e-6);
        const norm = productNorm(qrTriangle(columnsOf(left)), qrTriangle(columnsOf(right)));
        assert.ok(Math.abs(norm - Math.sqrt(dot(product.s, product.s))) <= 1e-13 * norm);
      },
    ),
    { numRuns: 200 },
  );
});

test('large matrices: the leading values and the error equal those of all singular values', () => {
  const random = new Random(5);
  // 160 × 220, above the size for Jacobi; the spectrum falls slowly and has no gaps.
  const noise = randomMatrix(160, 220, random);
  const reference = productSvd(columnsOf(noise), unitColumns(220), 160);
  for (const m of [noise, transposed(noise)]) {
    const svd = leadingSvd(m, 8);
    for (let k = 0; k < 8; k++) assert.ok(Math.abs(svd.s[k]! / reference.s[k]! - 1) < 1e-7, `${k}: ${svd.s[k]}`);
    const best = Math.sqrt(reference.s.slice(8).reduce((a, b) => a + b * b, 0) / dot(reference.s, reference.s));
    assert.ok(Math.abs(residual(m, svd) - best) < 1e-9);
    assert.ok(orthogonality(svd.u, svd.s) < 1e-12 && orthogonality(svd.v, svd.s) < 1e-12);
  }
});

test('large matrices of low rank, with repeated values, and of zeros', () => {
  const random = new Random(6);
  const [left, right] = [randomMatrix(400, 6, random), randomMatrix(300, 6, random)];
  const low: Matrix = { rows: 400, cols: 300, data: new Float32Array(400 * 300) };
  for (let i = 0; i < 400; i++) {
    for (let j = 0; j < 300; j++) {
      for (let k = 0; k < 6; k++) low.data[i * 300 + j]! += left.data[i * 6 + k]! * right.data[j * 6 + k]!;
    }
  }
  assert.ok(residual(low, leadingSvd(low, 6)) < 1e-6);
  const unit: Matrix = { rows: 300, cols: 300, data: new Float32Array(300 * 300) };
  for (let i = 0; i < 300; i++) unit.data[i * 301] = 1;
  assert.ok(leadingSvd(unit, 20).s.every(s => Math.abs(s - 1) < 1e-12));
  const zeros = leadingSvd({ rows: 300, cols: 301, data: new Float32Array(300 * 301) }, 3);
  assert.deepEqual([...zeros.s], [0, 0, 0]);
});

function transposed(m: Matrix): Matrix {
  return { rows: m.cols, cols: m.rows, data: Float32Array.from(columnsOf(m).data) };
}

function unitColumns(n: number): Columns {
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return { rows: n, cols: n, data };
}
