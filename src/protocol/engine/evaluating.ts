import * as z from 'zod/mini';
import { anyNumber, type Exchange } from '../contract.ts';
import { problemSchema } from '../problemSchema.ts';
import { reportSchema, reportScore } from '../report.ts';
import { answeringEngine, workProgress } from './source.ts';
import { runProgress } from './training.ts';

const minimumCheck = z.object({
  set: z.string(),
  /** As the recipe names who answers. */
  system: z.string(),
  /** Least share of right answers. */
  minimum: z.number(),
  /** Undefined where that system was not measured, such as an expert that is not trained; then it is not passed. */
  score: z.optional(reportScore),
  isPassed: z.boolean(),
});

const measured = z.object({
  set: z.string(),
  system: z.string(),
  score: reportScore,
  /** The dataset. */
  path: z.string(),
  /** The first wrong answers, with the line of the dataset that each example begins on. */
  wrong: z.array(z.object({ line: z.int(), prompt: z.string(), expected: z.string(), got: z.string() })),
});

export const evaluatingRequests = {
  evaluate: {
    params: z.object({
      recipe: z.string(),
      sets: z.optional(z.array(z.string())),
      /** Engines elsewhere that are measured beside this machine; the recipe's `answering` without it. */
      engines: z.optional(z.array(z.string())),
      keys: answeringEngine.keys,
      servers: answeringEngine.servers,
      run: z.optional(z.string()),
    }),
    progress: z.discriminatedUnion('kind', [workProgress, runProgress]),
    result: z.object({
      report: reportSchema,
      reportPath: z.string(),
      htmlPath: z.string(),
      /** The minima of the sets that were measured. */
      gates: z.array(minimumCheck),
      /** What of their data is not used as it is written: warnings. */
      problems: z.array(problemSchema),
    }),
  },
  /** Some systems on some sets and nothing else: no report is written. */
  measure: {
    params: z.object({
      recipe: z.string(),
      /** Without it, those that have a minimum. */
      sets: z.optional(z.array(z.string())),
      /** As the recipe names who answers: `auto`, `base`, an expert, a blend or a merge. Without it, those with a minimum. */
      systems: z.optional(z.array(z.string())),
    }),
    progress: workProgress,
    result: z.object({
      measured: z.array(measured),
      gates: z.array(minimumCheck),
      problems: z.array(problemSchema),
    }),
  },
  /** Log-probabilities of texts under a model with adapters. */
  score: {
    params: z.object({
      model: z.string(),
      adapters: z.array(z.object({ path: z.string(), weight: z.number() })),
      items: z.array(z.object({ text: z.optional(z.string()), ids: z.optional(z.array(z.number())) })),
      /** A safetensors file for the raw logits, `logits.0`, `logits.1` …, F32 [seq, vocab]. */
      logits: z.optional(z.string()),
    }),
    progress: workProgress,
    result: z.object({
      items: z.array(z.object({ ids: z.array(z.int()), logProbabilities: z.array(anyNumber), total: anyNumber })),
    }),
  },
} as const satisfies Record<string, Exchange>;

/** A minimum that a recipe sets, held against what was measured. */
export type MinimumCheck = z.infer<typeof minimumCheck>;
export type Measured = z.infer<typeof measured>;
export type EvaluateRequest = z.infer<typeof evaluatingRequests.evaluate.params>;
export type EvaluateResult = z.infer<typeof evaluatingRequests.evaluate.result>;
export type ScoreResult = z.infer<typeof evaluatingRequests.score.result>;
