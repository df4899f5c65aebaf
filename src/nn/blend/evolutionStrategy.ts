import type { Random } from '../tensor/random.ts';
import { bounded, roundedWeights, weightObjective } from './weightObjective.ts';

/** The first step's standard deviation, and by how much a better candidate lengthens it. */
const firstDeviation = 0.3;
const growth = 1.5;

/**
 * Minimises `weightObjective` of a cost that has no gradient: the (1+1) evolution strategy with the one-fifth rule (Rechenberg
 * 1973, in the form of Kern et al. 2004). One candidate at a time, drawn about the best one so far; one that is as good takes its
 * place, because a score is flat in most places. Takes `evaluations` besides that of the start.
 */
export async function evolutionStrategy(
  cost: (weights: number[]) => Promise<number>,
  start: readonly number[],
  evaluations: number,
  random: Random,
): Promise<number[]> {
  let weights = roundedWeights(start.map(bounded));
  let best = weightObjective(await cost(weights), weights);
  let deviation = firstDeviation;
  for (let i = 0; i < evaluations; i++) {
    const candidate = roundedWeights(weights.map(w => bounded(w + deviation * random.normal())));
    const found = weightObjective(await cost(candidate), candidate);
    deviation *= found < best ? growth : growth ** -0.25;
    if (found <= best) [weights, best] = [candidate, found];
  }
  return weights;
}
