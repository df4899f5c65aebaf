/** Weights of experts lie within ± this (LoraHub, Huang et al. 2023, arXiv:2307.13269, §4). */
const mostWeight = 1.5;
/** What Σ |w| counts beside the cost: experts that do not help get no weight (LoraHub, eq. 3). */
export const weightPenalty = 0.05;

/** What a search minimises: the cost of weights on the examples, and the penalty of the weights. */
export function weightObjective(cost: number, weights: readonly number[]): number {
  return cost + weightPenalty * weights.reduce((sum, w) => sum + Math.abs(w), 0);
}

/** A weight within what is allowed. */
export function bounded(weight: number): number {
  // Adding 0 makes a positive zero of a negative one.
  return Math.max(-mostWeight, Math.min(mostWeight, weight)) + 0;
}

/** Four digits, as a recipe shows a weight. */
export function roundedWeights(weights: readonly number[]): number[] {
  return weights.map(w => Math.round(w * 1e4) / 1e4 + 0);
}

/** The place of the smallest number, the first of several. */
export function leastOf(values: readonly number[]): number {
  return values.reduce((least, value, i) => (value < values[least]! ? i : least), 0);
}
