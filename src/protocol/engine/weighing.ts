import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
import { scorerNames } from '../scorer.ts';
import { weightsSchema } from '../target.ts';
import { workProgress } from './source.ts';

/** Nats a token of the answers, or the share of right answers. */
const figure = z.number();

const control = z.object({
  kind: z.enum(['equal', 'expert', 'base']),
  /** Of the best single expert: the one that is best on all examples. */
  expert: z.optional(z.string()),
  /** On the same examples. */
  figure,
  /** The weights' figure less this one, with its 95 % interval over the examples. */
  difference: figure,
  low: figure,
  high: figure,
});

const foundWeights = z.object({
  weights: weightsSchema,
  /** By the loss of the answers, or by answers that a scorer calls right. */
  by: z.enum(['loss', ...scorerNames]),
  /** The data, as it was named. */
  source: z.string(),
  /** Examples that were used, and those that there are. */
  examples: z.int(),
  of: z.int(),
  seed: z.int(),
  /** Each part of the examples was judged by weights that were found without it: these. */
  parts: z.array(weightsSchema),
  /** Mean of all examples, so judged. */
  figure,
  controls: z.array(control),
  seconds: z.number(),
  /** What of the data is not used as it is written. */
  notes: z.array(z.string()),
});

export const weighingRequests = {
  /** Finds weights for a blend of a recipe's experts from a few examples; nothing is written. */
  findWeights: {
    params: z.object({
      recipe: z.string(),
      /** All that are trained without them. */
      experts: z.optional(z.array(z.string())),
      /** Examples with answers: a file or a dataset, relative to the recipe … */
      data: z.optional(z.string()),
      /** … or a set of the recipe. */
      set: z.optional(z.string()),
      /** By generated answers that this one scores; by the loss of the examples' answers, and its gradient, without it. */
      scorer: z.optional(z.enum(scorerNames)),
      /** Examples at most, drawn by the seed. */
      examples: z.optional(z.int()),
      /** Weights that each search tries at most. */
      evaluations: z.optional(z.int()),
      /** The recipe's without it. */
      seed: z.optional(z.int()),
    }),
    progress: workProgress,
    result: foundWeights,
  },
} as const satisfies Record<string, Exchange>;

export type FindWeightsRequest = z.infer<typeof weighingRequests.findWeights.params>;
export type FoundWeights = z.infer<typeof foundWeights>;
