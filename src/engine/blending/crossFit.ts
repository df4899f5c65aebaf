import { pairedDifference } from '../../evaluation/metrics.ts';
import { leastOf, weightObjective } from '../../nn/blend/weightObjective.ts';
import { Random } from '../../nn/tensor/random.ts';
import { meanCost, type WeightJudge } from './weightJudge.ts';

/** What a search found, and what its weights cost on examples that it did not see, beside controls on the same examples. */
export interface CrossFit {
  weights: number[];
  /** Those of each part's search. */
  ofParts: number[][];
  /** Mean cost over all examples, each under weights that were found without it. */
  cost: number;
  controls: Control[];
}

interface Control {
  kind: 'equal' | 'expert' | 'base';
  /** Of `expert`: the best one of all examples. */
  expert?: number;
  cost: number;
  /** The search's cost less the control's, with its 95 % interval. */
  difference: number;
  low: number;
  high: number;
}

/**
 * Searches weights on all examples, and judges the search by cross-validation: for each of `parts` parts it is done again
 * without them, and its weights are measured on them. The best single expert is chosen in the same way, without the examples
 * that it is measured on. Order, parts and search follow from the seed.
 */
export async function crossFit(
  judge: WeightJudge,
  parts: number,
  seed: number,
  advance: (searches: number) => void,
): Promise<CrossFit> {
  const { experts, counts } = judge;
  const all = [...counts.keys()];
  const zeros = new Array<number>(experts).fill(0);
  const equal = zeros.map(() => 1 / experts);
  const singles = zeros.map((_, i) => zeros.map((_, j) => (i === j ? 1 : 0)));
  // Costs of the controls, by example.
  const known: { weights: number[]; costs: number[] }[] = [];
  for (const weights of [...singles, equal, zeros]) known.push({ weights, costs: await judge.costs(weights, all) });
  const meanOf = (costs: readonly number[], places: readonly number[]) =>
    meanCost(
      places.map(i => costs[i]!),
      places.map(i => counts[i]!),
    );
  /** The place of what is best on some examples, by its cost alone or with the penalty of its weights. */
  const bestSingle = (places: readonly number[]) =>
    leastOf(known.slice(0, experts).map(({ costs }) => meanOf(costs, places)));
  const bestStart = (places: readonly number[]) =>
    known[leastOf(known.map(({ weights, costs }) => weightObjective(meanOf(costs, places), weights)))]!.weights;

  const order = new Random(seed).shuffle([...all]);
  const found: number[] = new Array(all.length);
  const single: number[] = new Array(all.length);
  const ofParts: number[][] = [];
  for (let part = 0; part < parts; part++) {
    advance(part);
    const held = order.filter((_, i) => i % parts === part).sort((a, b) => a - b);
    const others = all.filter(i => !held.includes(i));
    const weights = await judge.search(others, bestStart(others), new Random((seed ^ (part + 1)) >>> 0));
    ofParts.push(weights);
    const costs = await judge.costs(weights, held);
    const chosen = known[bestSingle(others)]!.costs;
    for (const [at, i] of held.entries()) {
      found[i] = costs[at]!;
      single[i] = chosen[i]!;
    }
  }
  advance(parts);
  const weights = await judge.search(all, bestStart(all), new Random(seed));
  const against = (costs: readonly number[]) => ({
    cost: meanOf(costs, all),
    ...pairedDifference(costs, found, counts),
  });
  return {
    weights,
    ofParts,
    cost: meanOf(found, all),
    controls: [
      { kind: 'equal', ...against(known[experts]!.costs) },
      { kind: 'expert', expert: bestSingle(all), ...against(single) },
      { kind: 'base', ...against(known[experts + 1]!.costs) },
    ],
  };
}
