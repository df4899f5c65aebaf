import type { Matrix } from '../tensor/dtype.ts';

/** A dense column-major F64 matrix: column j is `data[j * rows … (j + 1) * rows)`. */
export interface Columns {
  rows: number;
  cols: number;
  data: Float64Array;
}

/** A view of one column. */
export function column(x: Columns, j: number): Float64Array {
  return x.data.subarray(j * x.rows, (j + 1) * x.rows);
}

/** The columns of a row-major matrix, each times `factor`. */
export function columnsOf(m: Matrix, factor = 1): Columns {
  const data = new Float64Array(m.rows * m.cols);
  for (let i = 0; i < m.rows; i++) {
    for (let j = 0; j < m.cols; j++) data[j * m.rows + i] = factor * m.data[i * m.cols + j]!;
  }
  return { rows: m.rows, cols: m.cols, data };
}

/** The rows of a row-major matrix as columns, each times `factor`: the transpose. */
export function rowsOf(m: Matrix, factor = 1): Columns {
  return { rows: m.cols, cols: m.rows, data: Float64Array.from(m.data, v => factor * v) };
}

/** Matrices of equally many rows side by side. */
export function sideBySide(parts: Columns[]): Columns {
  const cols = parts.reduce((sum, part) => sum + part.cols, 0);
  const rows = parts[0]?.rows ?? 0;
  const data = new Float64Array(rows * cols);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { rows, cols, data };
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** y += factor · x */
export function addScaled(y: Float64Array, factor: number, x: Float64Array): void {
  if (factor === 0) return;
  for (let i = 0; i < y.length; i++) y[i]! += factor * x[i]!;
}

/** X [m, k] times the first `count` columns of Y [k, n]. */
export function multiplyColumns(x: Columns, y: Columns, count = y.cols): Columns {
  const result: Columns = { rows: x.rows, cols: count, data: new Float64Array(x.rows * count) };
  for (let j = 0; j < count; j++) {
    const target = column(result, j);
    for (let l = 0; l < x.cols; l++) addScaled(target, y.data[j * y.rows + l]!, column(x, l));
  }
  return result;
}
