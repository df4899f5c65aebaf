import { bounded, weightObjective, weightPenalty } from './weightObjective.ts';

/** A cost and its gradient at weights. */
export interface CostAndGradient {
  cost: number;
  gradient: readonly number[];
}

/** How far the first step goes at most. */
const firstMove = 0.25;
/** Weights are found where a step of length 1 would move none further: the objective then falls by no more than this a unit of weight. */
const tolerance = 2e-3;
/** Moves that are too small to be told apart in F32. */
const leastMove = 1e-6;
/** The share of what a step promises that it has to keep. */
const kept = 0.01;
const [leastStep, mostStep] = [1e-4, 1e4];

/**
 * Minimises `weightObjective` of a smooth cost: proximal gradient steps whose length follows from the last two gradients (Barzilai
 * & Borwein 1988), shortened until the objective falls, so that it never rises (SpaRSA, Wright, Nowak & Figueiredo 2009). The
 * penalty and the bounds are met exactly: a weight can become 0. Takes `evaluations` at most.
 */
export async function proximalGradient(
  evaluate: (weights: number[]) => Promise<CostAndGradient>,
  start: readonly number[],
  evaluations: number,
): Promise<number[]> {
  let weights = start.map(bounded);
  let here = await evaluate(weights);
  const steepest = Math.max(...here.gradient.map(Math.abs));
  if (steepest === 0) return weights;
  let step = firstMove / steepest;
  const stepped = (length: number) =>
    weights.map((w, i) => shrunk(w - length * here.gradient[i]!, length * weightPenalty));
  const furthest = (next: number[]) => Math.max(...next.map((w, i) => Math.abs(w - weights[i]!)));
  for (let taken = 1; taken < evaluations; taken++) {
    const next = stepped(step);
    if (furthest(stepped(1)) < tolerance || furthest(next) < leastMove) break;
    const moves = next.map((w, i) => w - weights[i]!);
    const there = await evaluate(next);
    const promised = (kept / (2 * step)) * dot(moves, moves);
    if (!(weightObjective(there.cost, next) <= weightObjective(here.cost, weights) - promised)) {
      step /= 3;
      continue;
    }
    const bend = dot(
      moves,
      moves.map((_, i) => there.gradient[i]! - here.gradient[i]!),
    );
    step = bend > 0 ? Math.max(leastStep, Math.min(mostStep, dot(moves, moves) / bend)) : 2 * step;
    [weights, here] = [next, there];
  }
  return weights;
}

/** The proximal map of the penalty within the bounds: towards 0 by so much, and no further. */
function shrunk(weight: number, by: number): number {
  return bounded(Math.sign(weight) * Math.max(0, Math.abs(weight) - by));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}
