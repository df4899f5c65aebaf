import { WorkbenchError } from '../../protocol/errors.ts';

/** Optimiser steps of a point where nobody says: enough to tell rates apart by a factor of two, and minutes on a CPU. */
export const sweepSteps = 40;

/** More points than these are no sweep any more. */
const mostPoints = 100;

/** Five rates, each twice the one before, around one; two significant digits. */
export function ratesAround(middle: number): number[] {
  return [-2, -1, 0, 1, 2].map(power => Number((middle * 2 ** power).toPrecision(2))).filter(rate => rate <= 1);
}

export interface SweepGrid {
  rates: number[];
  ranks: number[];
  steps: number;
}

/** A grid as a recipe could say its points: each once, in rising order. Throws `badRequest`. */
export function checkedGrid({ rates, ranks, steps }: SweepGrid): SweepGrid {
  const wrong = (what: string, given: number) => new WorkbenchError('badRequest', `${what}, got ${given}`);
  for (const rate of rates)
    if (!(rate > 0 && rate <= 1)) throw wrong('a learning rate is more than 0 and at most 1', rate);
  for (const rank of ranks)
    if (!(Number.isInteger(rank) && rank >= 1 && rank <= 1024))
      throw wrong('a rank is a whole number from 1 to 1024', rank);
  if (!(Number.isInteger(steps) && steps >= 1)) throw wrong('steps are a whole number, at least 1', steps);
  const rising = (values: number[]) => [...new Set(values)].sort((a, b) => a - b);
  const grid = { rates: rising(rates), ranks: rising(ranks), steps };
  const points = grid.rates.length * grid.ranks.length;
  if (points === 0) throw new WorkbenchError('badRequest', 'a sweep has at least one learning rate and one rank');
  if (points > mostPoints) throw wrong(`a sweep has at most ${mostPoints} points`, points);
  return grid;
}
