import * as z from 'zod/mini';
import { anyNumber } from './contract.ts';
import type { Report } from './report.ts';
import { scorerNames } from './scorer.ts';

const share = z.number();
const counts = z.record(z.string(), z.number());
const maybe = z.optional(z.number());

/** Exact-match accuracy of one system on one set. */
export const reportScore = z.object({
  system: z.string(),
  kind: z.enum(['base', 'routed', 'expert', 'blend', 'merge', 'sequential']),
  set: z.string(),
  correct: z.number(),
  total: z.number(),
  low: share,
  high: share,
});

/** `report.json`, to check files and messages by; keys that are not here are left out. */
export const reportSchema: z.ZodMiniType<Report> = z.object({
  version: z.literal(1),
  created: z.string(),
  recipe: z.object({ name: z.string(), path: z.string(), seed: z.number() }),
  base: z.object({
    name: z.string(),
    parameters: z.number(),
    bytes: z.number(),
    quantization: z.optional(z.enum(['int8', 'int4'])),
    hashBefore: z.string(),
    hashAfter: z.string(),
  }),
  machine: z.object({
    platform: z.string(),
    cpu: z.string(),
    threads: z.number(),
    memoryBytes: z.number(),
    runtime: z.string(),
    node: z.string(),
  }),
  experts: z.array(
    z.object({
      name: z.string(),
      domain: z.optional(z.string()),
      rank: z.number(),
      alpha: z.number(),
      scaling: z.number(),
      targets: z.array(z.string()),
      parameters: z.number(),
      bytes: z.number(),
      trainExamples: z.number(),
      steps: z.number(),
      tokens: z.number(),
      bestValidationLoss: z.optional(anyNumber),
    }),
  ),
  blends: z.array(z.object({ name: z.string(), weights: counts, source: z.enum(['recipe', 'scores', 'router']) })),
  merges: z.array(
    z.object({
      name: z.string(),
      method: z.string(),
      weights: counts,
      rank: z.number(),
      relativeError: anyNumber,
      path: z.string(),
    }),
  ),
  sets: z.array(
    z.object({
      name: z.string(),
      expert: z.string(),
      scorer: z.enum(scorerNames),
      examples: z.number(),
    }),
  ),
  scores: z.array(reportScore),
  router: z.optional(
    z.object({
      kind: z.enum(['learned', 'keywords']),
      labels: z.array(z.string()),
      confusion: z.array(z.array(z.number())),
      accuracy: share,
      calibrationError: share,
      bins: z.array(z.object({ confidence: share, accuracy: share, count: z.number() })),
      msPerPrompt: z.number(),
    }),
  ),
  forgetting: z.object({
    gateZeroDifference: anyNumber,
    gateZeroBitEqual: z.boolean(),
    probeTokens: z.number(),
    experts: z.array(
      z.object({
        expert: z.string(),
        set: z.string(),
        before: z.number(),
        after: z.number(),
        total: z.number(),
      }),
    ),
    sequential: z.optional(
      z.object({
        order: z.array(z.string()),
        stages: z.array(z.object({ trainedOn: z.string(), correct: counts, total: counts })),
        forgotten: counts,
      }),
    ),
  }),
  storage: z.object({
    adaptersBytes: z.number(),
    baseBytes: z.number(),
    fullCopiesBytes: z.number(),
    adaptersResident: maybe,
    fullCopiesResident: maybe,
  }),
  switching: z.optional(z.object({ medianMs: z.number(), worstMs: z.number(), changes: z.number() })),
  curves: z.array(
    z.object({
      expert: z.string(),
      train: z.array(z.object({ step: z.number(), loss: anyNumber, learningRate: z.number() })),
      validation: z.array(z.object({ step: z.number(), loss: anyNumber })),
    }),
  ),
  examples: z.array(
    z.object({
      set: z.string(),
      system: z.string(),
      prompt: z.string(),
      expected: z.string(),
      got: z.string(),
      correct: z.boolean(),
      route: z.optional(counts),
    }),
  ),
  durations: z.array(z.object({ name: z.string(), seconds: z.number() })),
});
