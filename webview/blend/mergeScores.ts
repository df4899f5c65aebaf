import type { Evaluated, Lab, Weights } from '../../src/protocol/views/blend.ts';
import { sameWeights } from './weights.ts';

/** What the report says of these weights as a blend, for each of its sets. */
export function exactScores(lab: Lab, weights: Weights): (number | undefined)[] {
  return scoresOf(
    lab,
    lab.evaluated.find(each => each.method === undefined && sameWeights(each.weights, weights)),
  );
}

/** What it says of them merged by a method; only of a merge with the same settings. */
export function mergeScores(
  lab: Lab,
  { weights, density }: { weights: Weights; density: number },
  method: string,
  rank: number | undefined,
): (number | undefined)[] {
  const readsDensity = !['cat', 'linear', 'svd'].includes(method);
  return scoresOf(
    lab,
    lab.evaluated.find(
      each =>
        each.method === method &&
        sameWeights(each.weights, weights) &&
        each.rank === rank &&
        (!readsDensity || each.density === density),
    ),
  );
}

function scoresOf({ sets }: Lab, found: Evaluated | undefined): (number | undefined)[] {
  return sets.map(set => found?.scores.find(score => score.set === set)?.accuracy);
}
