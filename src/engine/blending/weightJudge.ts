import type { Random } from '../../nn/tensor/random.ts';

/** What the weights of a blend cost on examples, and the search for those that cost least. Weights are in the order of the experts. */
export interface WeightJudge {
  /** How many experts have a weight. */
  experts: number;
  /** What each example counts. */
  counts: number[];
  /** Graph executions, or candidates, that a search takes at most. */
  evaluations: number;
  /** The cost of each of these examples. */
  costs(weights: readonly number[], examples: readonly number[]): Promise<number[]>;
  /** The weights that cost least on these examples. */
  search(examples: readonly number[], start: readonly number[], random: Random): Promise<number[]>;
  dispose(): Promise<void>;
}

/** The mean cost over examples that count so much. */
export function meanCost(costs: readonly number[], counts: readonly number[]): number {
  return costs.reduce((sum, cost, i) => sum + cost * counts[i]!, 0) / counts.reduce((a, b) => a + b, 0);
}
