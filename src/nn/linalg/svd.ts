import { type Columns, column, dot, multiplyColumns } from './columns.ts';
import { thinQr } from './qr.ts';

/** X = U · diag(s) · Vᵀ with s falling; U [m, k], V [n, k]. Columns of U with s = 0 are zero. */
export interface Svd {
  u: Columns;
  s: Float64Array;
  v: Columns;
}

/**
 * The leading `rank` singular triplets of L · Rᵀ, L [m, r], R [n, r], without forming the product: QR of both, then
 * the SVD of the small core. Exact to rounding.
 */
export function productSvd(left: Columns, right: Columns, rank: number): Svd {
  const l = thinQr(left);
  const r = thinQr(right);
  const core = timesTransposed(l.r, r.r);
  const small = core.rows >= core.cols ? tallSvd(core) : transposeSvd(tallSvd(transpose(core)));
  const count = Math.min(rank, small.s.length);
  return {
    u: multiplyColumns(l.q, small.u, count),
    s: small.s.slice(0, count),
    v: multiplyColumns(r.q, small.v, count),
  };
}

/** ‖L · Rᵀ‖ (Frobenius), L [m, r], R [n, r], without forming the product. */
export function productNorm(leftTriangle: Columns, rightTriangle: Columns): number {
  const core = timesTransposed(leftTriangle, rightTriangle);
  return Math.sqrt(dot(core.data, core.data));
}

/**
 * One-sided Jacobi (Hestenes 1958; Demmel & Veselić 1992): rotates pairs of columns until all are orthogonal; their
 * lengths are the singular values. X [m, n] with m ≥ n.
 */
export function tallSvd(x: Columns): Svd {
  // The triangle has the same singular values and shorter columns to rotate.
  const { q, r } = thinQr(x);
  const n = r.cols;
  const v: Columns = { rows: n, cols: n, data: new Float64Array(n * n) };
  for (let j = 0; j < n; j++) v.data[j * n + j] = 1;
  const maxSweeps = 60;
  for (let sweep = 0, rotated = true; rotated && sweep < maxSweeps; sweep++) {
    rotated = false;
    const squares = Float64Array.from({ length: n }, (_, j) => dot(column(r, j), column(r, j)));
    for (let i = 0; i < n - 1; i++) {
      for (let j = i + 1; j < n; j++) if (orthogonalise(r, v, squares, i, j)) rotated = true;
    }
  }
  const lengths = Float64Array.from({ length: n }, (_, j) => Math.sqrt(dot(column(r, j), column(r, j))));
  const order = Array.from(lengths.keys()).sort((a, b) => lengths[b]! - lengths[a]!);
  const s = Float64Array.from(order, j => lengths[j]!);
  const unit = pick(r, order);
  for (let j = 0; j < n; j++) if (s[j]! > 0) for (let i = 0; i < n; i++) unit.data[j * n + i]! /= s[j]!;
  return { u: multiplyColumns(q, unit), s, v: pick(v, order) };
}

/** Rotates columns i and j of x (and v) so that x's become orthogonal; false where they already are. */
function orthogonalise(x: Columns, v: Columns, squares: Float64Array, i: number, j: number): boolean {
  const aa = squares[i]!;
  const bb = squares[j]!;
  const data = x.data;
  const n = x.rows;
  let ab = 0;
  for (let k = 0, a = i * n, b = j * n; k < n; k++) ab += data[a + k]! * data[b + k]!;
  if (ab === 0 || Math.abs(ab) <= 1e-15 * Math.sqrt(Math.abs(aa * bb))) return false;
  const zeta = (bb - aa) / (2 * ab);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const c = 1 / Math.sqrt(1 + t * t);
  rotate(data, n, i, j, c, c * t);
  rotate(v.data, v.rows, i, j, c, c * t);
  squares[i] = aa - t * ab;
  squares[j] = bb + t * ab;
  return true;
}

function rotate(data: Float64Array, n: number, i: number, j: number, c: number, s: number): void {
  for (let k = 0, a = i * n, b = j * n; k < n; k++) {
    const x = data[a + k]!;
    const y = data[b + k]!;
    data[a + k] = c * x - s * y;
    data[b + k] = s * x + c * y;
  }
}

/** X · Yᵀ of X [m, k], Y [n, k]. */
function timesTransposed(x: Columns, y: Columns): Columns {
  return multiplyColumns(x, transpose(y));
}

function transpose(x: Columns): Columns {
  const data = new Float64Array(x.data.length);
  for (let j = 0; j < x.cols; j++) for (let i = 0; i < x.rows; i++) data[i * x.cols + j] = x.data[j * x.rows + i]!;
  return { rows: x.cols, cols: x.rows, data };
}

function pick(x: Columns, order: number[]): Columns {
  const data = new Float64Array(x.rows * order.length);
  for (const [i, j] of order.entries()) data.set(column(x, j), i * x.rows);
  return { rows: x.rows, cols: order.length, data };
}

/** The SVD of the transpose. */
export function transposeSvd({ u, s, v }: Svd): Svd {
  return { u: v, s, v: u };
}
