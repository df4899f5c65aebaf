import type { Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';

/**
 * What the update of one parameter group needs at each step, in the order in which they lie in the
 * group's hyper-parameter input. The bias corrections are computed outside in double precision.
 */
export const hyperNames = [
  'rate',
  'decay',
  'beta1',
  'beta2',
  'epsilon',
  'correction1',
  'correction2',
  'maxNorm',
] as const;
type HyperName = (typeof hyperNames)[number];

export interface AdamWSettings {
  learningRate: number;
  weightDecay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Largest global norm of the gradient; 0 for no clipping. */
  maxNorm: number;
}

/** The hyper-parameter vector of a step; `step` counts from 1. */
export function hyperVector(s: AdamWSettings, rate: number, step: number): Float32Array {
  const values: Record<HyperName, number> = {
    rate,
    decay: s.weightDecay,
    beta1: s.beta1,
    beta2: s.beta2,
    epsilon: s.epsilon,
    correction1: 1 - s.beta1 ** step,
    correction2: Math.sqrt(1 - s.beta2 ** step),
    maxNorm: s.maxNorm > 0 ? s.maxNorm : Number.MAX_VALUE,
  };
  return Float32Array.from(hyperNames, n => Math.min(values[n], 3.4e38));
}

/**
 * One AdamW step with decoupled decay (Loshchilov & Hutter 2019) after clipping by the global norm
 * (Pascanu et al. 2013), in the arithmetic of torch.optim.AdamW and torch.nn.utils.clip_grad_norm_.
 * parameter, m, v and gradient are flat, [P]; hyper is [hyperNames.length]; norm is a scalar; rates are multiples of the
 * learning rate, decayShares what of the decay each gets, [P].
 */
export function adamW(
  g: Graph,
  { parameter, m, v, gradient, norm, hyper }: Record<'parameter' | 'm' | 'v' | 'gradient' | 'norm' | 'hyper', Value>,
  decays = true,
  rates?: Value,
  decayShares?: Value,
): { parameter: Value; m: Value; v: Value } {
  const pieces = op.split(
    g,
    hyper,
    hyperNames.map(() => 1),
    0,
  );
  const h = Object.fromEntries(hyperNames.map((n, i) => [n, pieces[i]!])) as Record<HyperName, Value>;
  const one = g.scalar(1);
  const clip = op.min(g, one, op.div(g, h.maxNorm, op.add(g, norm, g.scalar(1e-6))));
  const clipped = op.mul(g, gradient, clip);
  const moving = (old: Value, beta: Value, now: Value) =>
    op.add(g, op.mul(g, old, beta), op.mul(g, now, op.sub(g, one, beta)));
  const m2 = moving(m, h.beta1, clipped);
  const v2 = moving(v, h.beta2, op.mul(g, clipped, clipped));
  const denominator = op.add(g, op.div(g, op.sqrt(g, v2), h.correction2), h.epsilon);
  const rated = (x: Value) => (rates ? op.mul(g, x, rates) : x);
  const step = rated(op.mul(g, op.div(g, m2, denominator), op.div(g, h.rate, h.correction1)));
  const shared = (x: Value) => (decayShares ? op.mul(g, x, decayShares) : x);
  const decay = () => shared(rated(op.mul(g, h.rate, h.decay)));
  const kept = decays ? op.mul(g, parameter, op.sub(g, one, decay())) : parameter;
  return { parameter: op.sub(g, kept, step), m: m2, v: v2 };
}
