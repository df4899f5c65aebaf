import { WorkbenchError } from '../../protocol/errors.ts';
import { cholesky, solveRows } from '../linalg/cholesky.ts';
import { type Columns, columnsOf, dot, multiplyColumns, rowsOf } from '../linalg/columns.ts';
import type { LoraFactors } from '../lora/adapter.ts';
import { allFinite } from '../tensor/allFinite.ts';
import type { Matrix } from '../tensor/dtype.ts';

/** What is known of the inputs of layers that share them: sums over the tokens of each expert's texts, n inputs wide. */
export interface InputSums {
  /** ΣₑwₑGₑ [n, n], row-major and symmetric, with Gₑ = XₑᵀXₑ. */
  gram: Float64Array;
  /** wₑ times the diagonal of Gₑ [n], by expert. */
  diagonals: Float64Array[];
  /** wₑ, by expert. */
  weights: number[];
}

/** An expert's share in a layer. */
export interface RegmeanTerm {
  /** Its place among the experts of `InputSums`. */
  expert: number;
  factors: LoraFactors;
  /** wₑAₑGₑ [r, n], row-major. */
  cross: Float64Array;
}

/**
 * Squared lengths of outputs, ΔW x of the layers' own inputs, summed over tokens and layers: of the experts' own outputs, and
 * of the difference to them of the merge and of the equal-weights mean.
 */
export interface OutputSquares {
  outputs: number;
  merged: number;
  mean: number;
}

/**
 * Added to the diagonal before the system is solved, as a share of its mean: sums in single floats say no more of directions
 * in which inputs hardly vary. It is parted among the experts' G, so that in such directions A is their weighted mean.
 * Where that is not enough for rounding, ten times as much, and so on.
 */
const smallestRidge = 1e-6;

/**
 * RegMean (Jin et al. 2023, arXiv:2212.09849, eq. 2) of deltas that are products of factors: of all ΔW, that which minimises
 * Σₑ wₑ‖Xₑ(ΔW − sₑBₑAₑ)ᵀ‖² is Σₑ sₑBₑAₑwₑGₑ(Σ wG)⁻¹, so every B stays as it is and A becomes AₑwₑGₑ(Σ wG)⁻¹: exact at the sum
 * of the ranks, for layers of any size. As in the paper (§3.2), entries beside the diagonals of G may be made smaller first.
 *
 * @param layers of each layer that shares the inputs, the experts that adapt it
 * @param shrinkage 0 for G as it is, 1 for its diagonal alone
 * @throws WorkbenchError `badRequest` where the inputs are not finite
 */
export function regmeanLayers(
  sums: InputSums,
  layers: ReadonlyMap<string, RegmeanTerm[]>,
  shrinkage: number,
): { modules: Map<string, LoraFactors>; squares: OutputSquares } {
  const n = sums.diagonals[0]!.length;
  const { factor, ridge } = solvable(sums.gram, n, shrinkage, [...layers.keys()][0]!);
  const all = sums.weights.reduce((a, b) => a + b, 0);
  const squares: OutputSquares = { outputs: 0, merged: 0, mean: 0 };
  const modules = new Map<string, LoraFactors>();
  for (const [path, terms] of layers) {
    const rank = terms.reduce((sum, { factors }) => sum + factors.A.rows, 0);
    const out = terms[0]!.factors.B.rows;
    const B: Matrix = { rows: out, cols: rank, data: new Float32Array(out * rank) };
    const [rows, cross, own] = [rank * n, rank * n, rank * n].map(size => new Float64Array(size)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    let at = 0;
    let outputs = 0;
    for (const { expert, factors, cross: unscaled } of terms) {
      const { A, B: ownB, scaling } = factors;
      const diagonal = sums.diagonals[expert]!;
      const share = (ridge * sums.weights[expert]!) / all;
      for (let i = 0; i < A.data.length; i++) {
        const product = scaling * unscaled[i]!;
        cross[at * n + i] = product;
        own[at * n + i] = scaling * A.data[i]!;
        const scaled = scaling * A.data[i]!;
        rows[at * n + i] = (1 - shrinkage) * product + (shrinkage * diagonal[i % n]! + share) * scaled;
      }
      for (let o = 0; o < out; o++) B.data.set(ownB.data.subarray(o * A.rows, (o + 1) * A.rows), o * rank + at);
      const part = (x: Float64Array) => x.subarray(at * n, (at + A.rows) * n);
      outputs += energy(columnProducts(ownB), part(own), part(cross));
      at += A.rows;
    }
    solveRows(factor, n, rows);
    const A: Matrix = { rows: rank, cols: n, data: Float32Array.from(rows) };
    if (!allFinite(A.data)) throw notFinite(path);
    modules.set(path, { A, B, scaling: 1 });
    const squared = columnProducts(B);
    const mean = own.map(x => x / sums.diagonals.length);
    squares.outputs += outputs;
    squares.merged += outputs + distance(squared, Float64Array.from(A.data), cross, sums.gram);
    squares.mean += outputs + distance(squared, mean, cross, sums.gram);
  }
  return { modules, squares };
}

/** The Cholesky factor of the shrunk sum of Gram matrices with a ridge, and that ridge. */
function solvable(
  gram: Float64Array,
  n: number,
  shrinkage: number,
  path: string,
): { factor: Float64Array; ridge: number } {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i]!;
  if (!Number.isFinite(trace)) throw notFinite(path);
  // Inputs that are all 0 have a mean of 0 too.
  for (let ridge = smallestRidge * (trace / n || 1); ; ridge *= 10) {
    const factor = gram.slice();
    if (shrinkage > 0) for (let i = 0; i < factor.length; i++) factor[i]! *= 1 - shrinkage;
    for (let i = 0; i < n; i++) factor[i * n + i] = gram[i * n + i]! + ridge;
    if (cholesky(factor, n)) return { factor, ridge };
  }
}

/** Σ‖B a x‖² of a layer's tokens, from BᵀB, a [r, n] and a G [r, n]: the trace of BᵀB · a G aᵀ. */
function energy({ cols: rank, data }: Columns, a: Float64Array, aG: Float64Array): number {
  return dot(data, rowProducts(a, aG, rank));
}

/** Σ‖B a x‖² − 2 Σ⟨B a x, own output⟩ over all texts: added to the own outputs' squares, the squared difference. */
function distance(squared: Columns, a: Float64Array, cross: Float64Array, gram: Float64Array): number {
  const rank = squared.cols;
  const n = a.length / rank;
  const aG = multiplyColumns({ rows: n, cols: n, data: gram }, { rows: n, cols: rank, data: a });
  return energy(squared, a, aG.data) - 2 * energy(squared, a, cross);
}

/** x yᵀ [r, r] of row-major x and y [r, n]. */
function rowProducts(x: Float64Array, y: Float64Array, r: number): Float64Array {
  const n = x.length / r;
  const products = new Float64Array(r * r);
  for (let i = 0; i < r; i++)
    for (let j = 0; j < r; j++)
      products[i * r + j] = dot(x.subarray(i * n, (i + 1) * n), y.subarray(j * n, (j + 1) * n));
  return products;
}

/** BᵀB [r, r]. */
function columnProducts(B: Matrix): Columns {
  return multiplyColumns(rowsOf(B), columnsOf(B));
}

function notFinite(path: string): WorkbenchError {
  return new WorkbenchError(
    'badRequest',
    `regmean: the inputs of ${path} are beyond single floats; nothing was written`,
    'Is one of the experts damaged? Ask it something.',
  );
}
