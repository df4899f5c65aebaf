import type { Matrix } from '../tensor/dtype.ts';
import { type Columns, columnsOf, rowsOf } from './columns.ts';
import { krylovSvd } from './krylovSvd.ts';
import { type Svd, tallSvd, transposeSvd } from './svd.ts';

/** Up to this smaller side all singular values are found by Jacobi rotations; above it only the leading ones. */
const maxJacobi = 64;

/**
 * The leading `rank` singular triplets of a dense matrix [m, n] (fewer where min(m, n) is smaller): exact to rounding
 * up to a smaller side of 64, above it a Krylov method whose approximation is as good as the best one to about 1e-9 of
 * the matrix's energy.
 */
export function leadingSvd(m: Matrix, rank: number): Svd {
  if (Math.min(m.rows, m.cols) > maxJacobi) return krylovSvd(m, rank);
  return truncate(m.rows >= m.cols ? tallSvd(columnsOf(m)) : transposeSvd(tallSvd(rowsOf(m))), rank);
}

function truncate({ u, s, v }: Svd, rank: number): Svd {
  const count = Math.min(rank, s.length);
  const first = (x: Columns): Columns => ({ rows: x.rows, cols: count, data: x.data.slice(0, x.rows * count) });
  return { u: first(u), s: s.slice(0, count), v: first(v) };
}
