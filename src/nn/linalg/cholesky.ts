/**
 * The Cholesky factor L of a symmetric positive definite matrix S = L Lᵀ [n, n], row by row (Golub & Van Loan, Matrix
 * Computations, 4th ed., §4.2). S is row-major and only its lower triangle is read; L takes its place, what is above the
 * diagonal stays as it was.
 *
 * @returns false where S is not positive definite to rounding; `s` is spoilt then
 */
export function cholesky(s: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) s[row + j] = (s[row + j]! - product(s, row, s, j * n, j)) / s[j * n + j]!;
    const square = s[row + i]! - product(s, row, s, row, i);
    if (!(square > 0)) return false;
    s[row + i] = Math.sqrt(square);
  }
  return true;
}

/** Solves x S = y in place for the rows y [n] of a row-major matrix, with S = L Lᵀ from `cholesky`. */
export function solveRows(l: Float64Array, n: number, rows: Float64Array): void {
  for (let at = 0; at < rows.length; at += n) {
    for (let i = 0; i < n; i++) rows[at + i] = (rows[at + i]! - product(l, i * n, rows, at, i)) / l[i * n + i]!;
    // Lᵀ from below, a row of L at a time, so that memory is read in order.
    for (let i = n - 1; i >= 0; i--) {
      const x = rows[at + i]! / l[i * n + i]!;
      rows[at + i] = x;
      for (let j = 0; j < i; j++) rows[at + j]! -= x * l[i * n + j]!;
    }
  }
}

/** The product of `count` numbers of two vectors from these places on, in four sums, which a processor adds at once. */
function product(a: Float64Array, at: number, b: Float64Array, bt: number, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s0 += a[at + k]! * b[bt + k]!;
    s1 += a[at + k + 1]! * b[bt + k + 1]!;
    s2 += a[at + k + 2]! * b[bt + k + 2]!;
    s3 += a[at + k + 3]! * b[bt + k + 3]!;
  }
  for (; k < count; k++) s0 += a[at + k]! * b[bt + k]!;
  return s0 + s1 + (s2 + s3);
}
