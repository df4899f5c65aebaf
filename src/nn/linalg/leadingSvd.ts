import type { Matrix } from '../tensor/dtype.ts';
import { Random } from '../tensor/random.ts';
import { addScaled, type Columns, columnsOf, dot, rowsOf, sideBySide } from './columns.ts';
import { productSvd, type Svd, tallSvd, transposeSvd } from './svd.ts';

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

/** Vectors multiplied at once: one pass over the matrix serves four, and repeated singular values do no harm. */
const blockSize = 4;
/** By how much the basis grows between two looks at the result. */
const growth = 1.25;
/** Stop when a check raises the captured energy Σs² by less than this fraction. */
const tolerance = 1e-10;

/**
 * The leading `rank` singular triplets of a large dense matrix by a block Krylov method (Musco & Musco 2015,
 * arXiv:1504.05477): an orthonormal basis K of the space spanned by X, MMᵀX, (MMᵀ)²X … for a fixed random X, and the
 * SVD of K·(KᵀM). Grows until the leading values no longer do; with gaps between the singular values the triplets are
 * exact to about 1e-5, without gaps the approximation is still as good as the best one.
 */
function krylovSvd(m: Matrix, rank: number): Svd {
  const random = new Random(1);
  const size = Math.min(m.rows, m.cols);
  const isWide = m.rows <= m.cols;
  // K lives on the smaller side, Z = (KᵀM)ᵀ on the other.
  const smaller = (x: Float64Array) => (isWide ? timesRight(m, x) : timesLeft(m, x));
  const larger = (x: Float64Array) => (isWide ? timesLeft(m, x) : timesRight(m, x));
  const total = m.data.reduce((sum, value) => sum + value * value, 0);
  const basis: Float64Array[] = [];
  const images: Float64Array[] = [];
  let captured = 0;
  let block = orthonormalBlock([], basis, size, random);
  for (let nextCheck = rank + 3 * blockSize; ; ) {
    const image = larger(interleave(block, size));
    basis.push(...block);
    images.push(...separate(image, block.length));
    const isFull = basis.length >= size;
    if (isFull || basis.length >= nextCheck) {
      const found = productSvd(toColumns(basis), toColumns(images), rank);
      const energy = dot(found.s, found.s);
      const all = images.reduce((sum, z) => sum + dot(z, z), 0);
      if (isFull || energy - captured <= tolerance * energy || all >= total * (1 - 1e-13)) {
        return isWide ? found : { u: found.v, s: found.s, v: found.u };
      }
      captured = energy;
      nextCheck = growth * basis.length;
    }
    block = orthonormalBlock(separate(smaller(image), blockSize), basis, size, random);
  }
}

/**
 * The candidates made orthonormal to the basis and to each other; one that adds no direction is replaced by a random
 * vector, so that the space always grows (up to the whole).
 */
function orthonormalBlock(
  candidates: Float64Array[],
  basis: Float64Array[],
  size: number,
  random: Random,
): Float64Array[] {
  const block: Float64Array[] = [];
  const count = Math.min(blockSize, size - basis.length);
  for (let c = 0; block.length < count; c++) {
    const x = candidates[c] ?? Float64Array.from({ length: size }, () => random.normal());
    const before = Math.sqrt(dot(x, x));
    // Twice is enough (Giraud et al. 2005).
    for (let pass = 0; pass < 2; pass++) {
      for (const q of basis) addScaled(x, -dot(q, x), q);
      for (const q of block) addScaled(x, -dot(q, x), q);
    }
    const norm = Math.sqrt(dot(x, x));
    if (norm <= 1e-10 * before) continue;
    for (let i = 0; i < size; i++) x[i]! /= norm;
    block.push(x);
  }
  return block;
}

/** M · X for X of four interleaved columns: x[j * 4 + c]. */
function timesRight({ rows, cols, data }: Matrix, x: Float64Array): Float64Array {
  const result = new Float64Array(rows * blockSize);
  for (let i = 0, at = 0; i < rows; i++) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let j = 0; j < cols * blockSize; j += blockSize) {
      const value = data[at++]!;
      a += value * x[j]!;
      b += value * x[j + 1]!;
      c += value * x[j + 2]!;
      d += value * x[j + 3]!;
    }
    result.set([a, b, c, d], i * blockSize);
  }
  return result;
}

/** Mᵀ · X, likewise. */
function timesLeft({ rows, cols, data }: Matrix, x: Float64Array): Float64Array {
  const result = new Float64Array(cols * blockSize);
  for (let i = 0, at = 0; i < rows; i++) {
    const [a, b, c, d] = [x[i * 4]!, x[i * 4 + 1]!, x[i * 4 + 2]!, x[i * 4 + 3]!];
    for (let j = 0; j < cols * blockSize; j += blockSize) {
      const value = data[at++]!;
      result[j]! += value * a;
      result[j + 1]! += value * b;
      result[j + 2]! += value * c;
      result[j + 3]! += value * d;
    }
  }
  return result;
}

function interleave(block: Float64Array[], size: number): Float64Array {
  const result = new Float64Array(size * blockSize);
  for (const [c, x] of block.entries()) for (let i = 0; i < size; i++) result[i * blockSize + c] = x[i]!;
  return result;
}

function separate(x: Float64Array, count: number): Float64Array[] {
  const size = x.length / blockSize;
  return Array.from({ length: count }, (_, c) => {
    const vector = new Float64Array(size);
    for (let i = 0; i < size; i++) vector[i] = x[i * blockSize + c]!;
    return vector;
  });
}

function toColumns(vectors: Float64Array[]): Columns {
  return sideBySide(vectors.map(data => ({ rows: data.length, cols: 1, data })));
}
