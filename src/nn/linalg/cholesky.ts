/**
 * The Cholesky factor L of a symmetric positive definite matrix S = L Lᵀ [n, n], row by row (Golub & Van Loan, Matrix
 * Computations, 4th ed., §4.2). S is row-major and only its lower triangle is read; L takes its place, what is above the
 * diagonal stays as it was.
 *
 * @returns false where S is not positive definite to rounding; `s` is spoilt then
 */
export function cholesky(s: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = s.subarray(i * n, i * n + n);
    for (let j = 0; j < i; j++) {
      const other = s.subarray(j * n, j * n + n);
      row[j] = (row[j]! - dotTo(row, other, j)) / other[j]!;
    }
    const square = row[i]! - dotTo(row, row, i);
    if (!(square > 0)) return false;
    row[i] = Math.sqrt(square);
  }
  return true;
}

/** Solves x S = y in place for the rows y [n] of a row-major matrix, with S = L Lᵀ from `cholesky`. */
export function solveRows(l: Float64Array, n: number, rows: Float64Array): void {
  for (let at = 0; at < rows.length; at += n) {
    const y = rows.subarray(at, at + n);
    for (let i = 0; i < n; i++) {
      const row = l.subarray(i * n, i * n + n);
      y[i] = (y[i]! - dotTo(row, y, i)) / row[i]!;
    }
    // Lᵀ from below, a row of L at a time, so that memory is read in order.
    for (let i = n - 1; i >= 0; i--) {
      const row = l.subarray(i * n, i * n + n);
      const x = y[i]! / row[i]!;
      y[i] = x;
      for (let j = 0; j < i; j++) y[j]! -= x * row[j]!;
    }
  }
}

/** The product of the first `count` numbers of two vectors, in four sums, which a processor adds at once. */
function dotTo(a: Float64Array, b: Float64Array, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s0 += a[k]! * b[k]!;
    s1 += a[k + 1]! * b[k + 1]!;
    s2 += a[k + 2]! * b[k + 2]!;
    s3 += a[k + 3]! * b[k + 3]!;
  }
  for (; k < count; k++) s0 += a[k]! * b[k]!;
  return s0 + s1 + (s2 + s3);
}
