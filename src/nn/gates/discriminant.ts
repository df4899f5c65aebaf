import { WorkbenchError } from '../../protocol/errors.ts';
import { cholesky, solveRows } from '../linalg/cholesky.ts';
import type { LinearGate } from '../model/tokenGates.ts';

/** What is known of vectors x [n] of several classes, each class counting as much as any other. */
export interface ClassSums {
  /** The mean over the classes of their means of x xᵀ [n, n], row-major and symmetric. */
  square: Float64Array;
  /** Of each class its mean [n]. */
  means: Float64Array[];
}

/** How far the covariance is shrunk to a multiple of the identity: directions in which x hardly varies say nothing. */
const smallestShrinkage = 1e-3;

/**
 * Linear discriminant analysis (Fisher 1936; Hastie, Tibshirani & Friedman 2009, §4.3): of classes with one covariance Σ
 * and means μ, all as probable, the probability of a class given x is softmax(W x + b) with wₖ = Σ⁻¹μₖ and bₖ = −wₖ·μₖ / 2.
 * In closed form from sums over x, none of which has to be kept.
 *
 * @throws WorkbenchError `badRequest` where the sums are not finite
 */
export function discriminant({ square, means }: ClassSums): LinearGate {
  const n = means[0]!.length;
  const covariance = Float64Array.from(square);
  for (const mean of means)
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) covariance[i * n + j]! -= (mean[i]! * mean[j]!) / means.length;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += covariance[i * n + i]!;
  if (!Number.isFinite(trace)) throw new WorkbenchError('badRequest', 'what layers read is not finite');
  const factor = factorOf(covariance, n, trace / n);
  const weight = new Float64Array(means.length * n);
  for (const [k, mean] of means.entries()) weight.set(mean, k * n);
  solveRows(factor, n, weight);
  const bias = Float32Array.from(means, (mean, k) => mean.reduce((sum, m, i) => sum - (weight[k * n + i]! * m) / 2, 0));
  return { weight: Float32Array.from(weight), bias };
}

/** The Cholesky factor of (1 − s) Σ + s · `mean` · I, with s as large as rounding asks for. */
function factorOf(covariance: Float64Array, n: number, mean: number): Float64Array {
  for (let shrinkage = smallestShrinkage; ; shrinkage *= 10) {
    const factor = covariance.map(x => (1 - shrinkage) * x);
    for (let i = 0; i < n; i++) factor[i * n + i]! += shrinkage * (mean || 1);
    if (cholesky(factor, n)) return factor;
  }
}
