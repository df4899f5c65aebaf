import * as z from 'zod/mini';
import { anyNumber } from './contract.ts';
import { quantizations } from './quantization.ts';
import { scorerNames } from './scorer.ts';
import { weightsSchema } from './target.ts';

/** Answers by set. */
const counts = z.record(z.string(), z.number());

/** What an expert's base was computed with. */
const base = z.object({
  name: z.string(),
  parameters: z.number(),
  /** Bytes of its weights on disk. */
  bytes: z.number(),
  /** As it is stored without it. The hashes are those of the stored weights. */
  quantization: z.optional(z.enum(quantizations)),
  hashBefore: z.string(),
  hashAfter: z.string(),
});

const expert = z.object({
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
});

const merge = z.object({
  name: z.string(),
  method: z.string(),
  weights: weightsSchema,
  rank: z.number(),
  /** ‖merged − exact weighted sum‖ / ‖exact weighted sum‖, Frobenius norms over all layers. */
  relativeError: anyNumber,
  path: z.string(),
});

const set = z.object({
  name: z.string(),
  expert: z.string(),
  scorer: z.enum(scorerNames),
  examples: z.number(),
});

/** Exact-match accuracy of one system on one set. */
export const reportScore = z.object({
  /** `base`, `routed`, an expert, a blend or a merge. */
  system: z.string(),
  kind: z.enum(['base', 'routed', 'expert', 'blend', 'merge', 'sequential']),
  set: z.string(),
  correct: z.number(),
  total: z.number(),
  /** Wilson 95 % interval, as shares. */
  low: z.number(),
  high: z.number(),
});

const router = z.object({
  kind: z.enum(['learned', 'keywords']),
  /** Expert names, then `abstained`. */
  labels: z.array(z.string()),
  /** [true label][predicted label], counts on the held-out sets. */
  confusion: z.array(z.array(z.number())),
  accuracy: z.number(),
  calibrationError: z.number(),
  /** Reliability diagram: confidence bins with the share that was right. */
  bins: z.array(z.object({ confidence: z.number(), accuracy: z.number(), count: z.number() })),
  msPerPrompt: z.number(),
});

const forgetting = z.object({
  /** Largest difference between the base's logits before training and with all gates at zero after it; 0 is bit-equal. */
  gateZeroDifference: anyNumber,
  gateZeroBitEqual: z.boolean(),
  /** Probe tokens whose logits were compared. */
  probeTokens: z.number(),
  /** Right answers of each expert right after it was trained alone in the bank, and with all others trained and loaded. */
  experts: z.array(
    z.object({ expert: z.string(), set: z.string(), before: z.number(), after: z.number(), total: z.number() }),
  ),
  /** One adapter trained on one domain after the other; absent when the recipe does not ask for it. */
  sequential: z.optional(
    z.object({
      order: z.array(z.string()),
      /** After each stage, right answers on every set of the order. */
      stages: z.array(z.object({ trainedOn: z.string(), correct: counts, total: counts })),
      /** Per set: accuracy when its domain had just been learned minus accuracy at the end, in shares. */
      forgotten: counts,
    }),
  ),
});

/** One base with all adapters, against one merged full model per expert. */
const storage = z.object({
  /** Bytes on disk. */
  adaptersBytes: z.number(),
  baseBytes: z.number(),
  fullCopiesBytes: z.number(),
  /** Peak resident memory of a process that loads each and answers, in bytes; absent when not measured. */
  adaptersResident: z.optional(z.number()),
  fullCopiesResident: z.optional(z.number()),
});

const curve = z.object({
  expert: z.string(),
  /** Training loss by step, thinned to at most some hundred points. */
  train: z.array(z.object({ step: z.number(), loss: anyNumber, learningRate: z.number() })),
  validation: z.array(z.object({ step: z.number(), loss: anyNumber })),
});

const example = z.object({
  set: z.string(),
  system: z.string(),
  prompt: z.string(),
  expected: z.string(),
  got: z.string(),
  correct: z.boolean(),
  route: z.optional(weightsSchema),
});

/**
 * `report.json`: what a run learned, what it forgot, and what it cost. The HTML page and the report view draw this. Keys
 * that are not here are left out when a file is read.
 */
export const reportSchema = z.object({
  version: z.literal(1),
  /** ISO 8601, when the evaluation ended. */
  created: z.string(),
  recipe: z.object({ name: z.string(), path: z.string(), seed: z.number() }),
  base,
  machine: z.object({
    platform: z.string(),
    cpu: z.string(),
    threads: z.number(),
    memoryBytes: z.number(),
    runtime: z.string(),
    node: z.string(),
  }),
  experts: z.array(expert),
  /** Named blends and the weights proposed from the scores. */
  blends: z.array(
    z.object({ name: z.string(), weights: weightsSchema, source: z.enum(['recipe', 'scores', 'router']) }),
  ),
  merges: z.array(merge),
  sets: z.array(set),
  /** Every system against every set. */
  scores: z.array(reportScore),
  router: z.optional(router),
  forgetting,
  storage,
  /** Milliseconds to change experts or weights, without and with the next token. */
  switching: z.optional(z.object({ medianMs: z.number(), worstMs: z.number(), changes: z.number() })),
  curves: z.array(curve),
  /** Sample answers of the routed system and of each set's expert. */
  examples: z.array(example),
  /** Seconds of each part of the run. */
  durations: z.array(z.object({ name: z.string(), seconds: z.number() })),
});

export type Report = z.infer<typeof reportSchema>;
export type ReportExpert = z.infer<typeof expert>;
export type ReportMerge = z.infer<typeof merge>;
export type ReportScore = z.infer<typeof reportScore>;
export type ReportRouter = z.infer<typeof router>;
export type ReportForgetting = z.infer<typeof forgetting>;
export type ReportStorage = z.infer<typeof storage>;
export type ReportCurve = z.infer<typeof curve>;
export type ReportExample = z.infer<typeof example>;
