import { Graph, type Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { BaseConfig } from './config.ts';
import { finalNorm, isRmsNorm, outputWeight, type Weights } from './transformer.ts';

/**
 * How probable tokens can become at most, whatever text comes before and whatever adapters of linear layers do.
 *
 * A state after the final RMS norm is γ ⊙ u with |u| ≤ √dim, so logit t less logit j is at most |r_t − r_j| with the rows
 * r = √dim · γ ⊙ w of the output projection w, and p_t ≤ 1 / Σ_j exp(−|r_t − r_j|). Rows that no training has parted are
 * nearly equal, and so their tokens share the probability. A bound: what is reached may be less.
 *
 * Inputs: `tokens` [n] int64. Outputs: `reach` [n]. Undefined where the base's last norm is of another kind.
 */
export function buildReachGraph(c: BaseConfig, weights: (g: Graph) => Weights['weight']): Graph | undefined {
  if (!isRmsNorm(c)) return undefined;
  const g = new Graph();
  const weight = weights(g);
  const scale = op.mul(g, finalNorm(g, c, { weight }).weight, g.scalar(Math.sqrt(c.dim) * c.factors.logits));
  const rows = op.mul(g, weight(outputWeight(c)), scale);
  const tokens = g.input('tokens', 'int64', ['M']);
  const own = op.gatherRows(g, rows, tokens);
  const squares = op.reshape(g, op.reduceSumSquare(g, rows, [1]), [1, c.vocab]);
  const products = op.gemm(g, own, rows, { transB: true });
  const lengths = op.add(g, op.reduceSumSquare(g, own, [1]), squares);
  // Sums in F32: what is left of rows that are equal is not 0 but a rounding of their lengths.
  const apart = op.sub(g, op.mul(g, lengths, g.scalar(1 - rounding)), op.mul(g, products, g.scalar(2)));
  const rivals = op.exp(g, op.neg(g, op.sqrt(g, positive(g, apart))));
  // Its own share is 1 by definition, and not quite in F32.
  const others = op.sub(g, op.reduceSum(g, rivals, [1]), op.pick(g, rivals, tokens));
  g.output('reach', op.reshape(g, op.div(g, g.scalar(1), op.add(g, others, g.scalar(1))), ['M']));
  return g;
}

/** Of a squared length, in F32. */
const rounding = 1e-6;

const positive = (g: Graph, x: Value): Value => g.node('Relu', [x], [{ type: 'float32', shape: x.shape }])[0]!;
