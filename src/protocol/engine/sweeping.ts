import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
import { sweepEvent, sweepSchema } from '../sweep.ts';
import { workProgress } from './source.ts';

export const sweepingRequests = {
  /** Trains an expert for some steps with each of several learning rates and ranks, and compares their validation losses. */
  sweep: {
    params: z.object({
      recipe: z.string(),
      /** The first that can be trained without it. */
      expert: z.optional(z.string()),
      /** Some around what 'auto' takes on the base without them. */
      rates: z.optional(z.array(z.number())),
      /** The recipe's without them. */
      ranks: z.optional(z.array(z.number())),
      steps: z.optional(z.number()),
    }),
    progress: z.discriminatedUnion('kind', [workProgress, z.object({ kind: z.literal('event'), event: sweepEvent })]),
    result: z.object({
      finished: z.boolean(),
      /** Also of points of earlier sweeps that differ from these in rate and rank alone. */
      sweep: sweepSchema,
      /** Where it is written. */
      dataPath: z.string(),
      pagePath: z.string(),
    }),
    answersWhenCancelled: true,
  },
} as const satisfies Record<string, Exchange>;
