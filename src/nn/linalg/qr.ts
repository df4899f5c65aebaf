import { addScaled, type Columns, column, dot } from './columns.ts';

/**
 * Thin QR by Householder reflections (Golub & Van Loan, Matrix Computations, 4th ed., §5.2): X [m, n] = Q R with
 * Q [m, k] of orthonormal columns, R [k, n] upper triangular, k = min(m, n). Q is orthonormal also where X lacks rank.
 */
export function thinQr(x: Columns): { q: Columns; r: Columns } {
  const { reflectors, r } = reflect(x);
  const k = r.rows;
  const q: Columns = { rows: x.rows, cols: k, data: new Float64Array(x.rows * k) };
  for (let j = 0; j < k; j++) {
    const target = column(q, j);
    target[j] = 1;
    for (let i = j; i >= 0; i--) applyReflector(reflectors, i, target);
  }
  return { q, r };
}

/** The R of `thinQr` alone, at half the cost. */
export function qrTriangle(x: Columns): Columns {
  return reflect(x).r;
}

/** Unit vectors v of the reflections I − 2vvᵀ, v zero above its own index, and R. */
function reflect(x: Columns): { reflectors: Columns; r: Columns } {
  const k = Math.min(x.rows, x.cols);
  const work: Columns = { ...x, data: x.data.slice() };
  const reflectors: Columns = { rows: x.rows, cols: k, data: new Float64Array(x.rows * k) };
  for (let i = 0; i < k; i++) {
    const v = column(reflectors, i).subarray(i);
    v.set(column(work, i).subarray(i));
    const norm = Math.sqrt(dot(v, v));
    // The sign that avoids cancellation.
    v[0]! += v[0]! < 0 ? -norm : norm;
    const length = Math.sqrt(dot(v, v));
    if (length === 0) continue;
    for (let j = 0; j < v.length; j++) v[j]! /= length;
    for (let j = i; j < x.cols; j++) applyReflector(reflectors, i, column(work, j));
  }
  const r: Columns = { rows: k, cols: x.cols, data: new Float64Array(k * x.cols) };
  for (let j = 0; j < x.cols; j++) column(r, j).set(column(work, j).subarray(0, Math.min(j + 1, k)));
  return { reflectors, r };
}

function applyReflector(reflectors: Columns, i: number, target: Float64Array): void {
  const v = column(reflectors, i).subarray(i);
  const tail = target.subarray(i);
  addScaled(tail, -2 * dot(v, tail), v);
}
