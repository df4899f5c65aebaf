import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
import { sweepEvent, sweepSchema } from '../sweep.ts';
import { trainingPlace } from '../trainingPlace.ts';
import { workProgress } from './source.ts';

const grid = {
  recipe: z.string(),
  /** The first that can be trained without it. */
  expert: z.optional(z.string()),
  /** Some around what 'auto' takes on the base without them. */
  rates: z.optional(z.array(z.number())),
  /** The recipe's without them. */
  ranks: z.optional(z.array(z.number())),
  steps: z.optional(z.number()),
};

const sweepProgress = z.discriminatedUnion('kind', [
  workProgress,
  z.object({ kind: z.literal('event'), event: sweepEvent }),
]);

const sweepResult = z.object({
  /** Whether all points are there that were asked for. */
  finished: z.boolean(),
  /** Also of points of earlier sweeps that differ from these in rate and rank alone. */
  sweep: sweepSchema,
  /** Where it is written. */
  dataPath: z.string(),
  pagePath: z.string(),
});

export const sweepingRequests = {
  /** Trains an expert for some steps with each of several learning rates and ranks, and compares their validation losses. */
  sweep: {
    params: z.object(grid),
    progress: sweepProgress,
    result: sweepResult,
    answersWhenCancelled: true,
  },
  /** The same on another machine: on a cluster all points at once, as far as there is room. */
  sweepElsewhere: {
    params: z.object({ ...grid, on: trainingPlace }),
    progress: sweepProgress,
    result: sweepResult,
    answersWhenCancelled: true,
  },
} as const satisfies Record<string, Exchange>;
