import * as z from 'zod/mini';
import { anyNumber } from './contract.ts';
import { mergeFitSchema } from './mergeFit.ts';
import { quantizations } from './quantization.ts';
import { scorerNames } from './scorer.ts';
import { weightsSchema } from './target.ts';

/** What is read of a report at most: a larger one would take minutes to be drawn. */
export const reportLimits = { parts: 501, scores: 50_000, cells: 100_000, examples: 20_000, labels: 501 } as const;
const mostParts = reportLimits.parts;

const listOf = <S extends z.ZodMiniType>(item: S, most: number) =>
  z.array(item).check(z.maxLength(most, `there are more than ${most}, which is more than is shown`));

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
  /** Answers had the products with it in 8 bits. */
  answersInInt8: z.optional(z.boolean()),
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
  /** Of a method that is fitted to data. */
  fit: z.optional(mergeFitSchema),
});

const set = z.object({
  name: z.string(),
  /** Whose domain it is. */
  expert: z.optional(z.string()),
  scorer: z.enum(scorerNames),
  examples: z.number(),
  /** Of what is asked and expected: the same for the same examples, in whatever order. Earlier reports have none. */
  digest: z.optional(z.string()),
});

/** Exact-match accuracy of one system on one set. */
export const reportScore = z.object({
  /** `base`, `routed`, an expert, a blend, a merge, a control, or who of them answered `on` an engine elsewhere. */
  system: z.string(),
  kind: z.enum(['base', 'routed', 'expert', 'blend', 'merge', 'elsewhere', 'sequential', 'control']),
  set: z.string(),
  correct: z.number(),
  total: z.number(),
  /** Wilson 95 % interval, as shares. */
  low: z.number(),
  high: z.number(),
  /** A character for each question, `1` where the answer is right, to compare systems question by question. */
  right: z.optional(z.string()),
});

const router = z.object({
  kind: z.enum(['learned', 'keywords', 'tokens', 'arrow']),
  /** Expert names, then `abstained`. */
  labels: listOf(z.string(), reportLimits.labels),
  /** [true label][predicted label], counts on the held-out sets. */
  confusion: listOf(listOf(z.number(), reportLimits.labels), reportLimits.labels),
  accuracy: z.number(),
  calibrationError: z.number(),
  /** Reliability diagram: confidence bins with the share that was right. */
  bins: listOf(z.object({ confidence: z.number(), accuracy: z.number(), count: z.number() }), mostParts),
  msPerPrompt: z.number(),
});

const forgetting = z.object({
  /** Largest difference between the base's logits before training and with all gates at zero after it; 0 is bit-equal. */
  gateZeroDifference: anyNumber,
  gateZeroBitEqual: z.boolean(),
  /** Probe tokens whose logits were compared. */
  probeTokens: z.number(),
  /** Right answers of each expert right after it was trained alone in the bank, and with all others trained and loaded. */
  experts: listOf(
    z.object({ expert: z.string(), set: z.string(), before: z.number(), after: z.number(), total: z.number() }),
    mostParts,
  ),
  /** One adapter trained on one domain after the other; absent when the recipe does not ask for it. */
  sequential: z.optional(
    z.object({
      order: listOf(z.string(), mostParts),
      /** After each stage, right answers on every set of the order. */
      stages: listOf(z.object({ trainedOn: z.string(), correct: counts, total: counts }), mostParts),
      /** Per set: accuracy when its domain had just been learned minus accuracy at the end, in shares. */
      forgotten: counts,
    }),
  ),
  /** Loss on text of no domain; absent when the recipe names none. */
  generalText: z.optional(
    z.object({
      data: z.string(),
      texts: z.number(),
      /** Texts of which the beginning alone was read. */
      cut: z.optional(z.number()),
      /** Tokens whose loss counts. */
      tokens: z.number(),
      /** In nats a token, the base first. `rise` is what is above the base's, with half of its 95 % interval. */
      losses: listOf(
        z.object({
          system: z.string(),
          kind: z.enum(['base', 'expert', 'merge']),
          loss: anyNumber,
          rise: anyNumber,
          halfWidth: anyNumber,
        }),
        2 * mostParts,
      ),
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

export const reportCurve = z.object({
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
  experts: listOf(expert, mostParts),
  /** Named blends and the weights proposed from the scores. */
  blends: listOf(
    z.object({ name: z.string(), weights: weightsSchema, source: z.enum(['recipe', 'scores', 'router']) }),
    2 * mostParts,
  ),
  merges: listOf(merge, mostParts),
  sets: listOf(set, mostParts),
  /** Every system against every set. */
  scores: listOf(reportScore, reportLimits.scores),
  router: z.optional(router),
  forgetting,
  storage,
  /** Milliseconds to change experts or weights, without and with the next token. */
  switching: z.optional(z.object({ medianMs: z.number(), worstMs: z.number(), changes: z.number() })),
  curves: listOf(reportCurve, mostParts),
  /** Sample answers of the routed system and of each set's expert. */
  examples: listOf(example, reportLimits.examples),
  /** Seconds of each part of the run. */
  durations: listOf(z.object({ name: z.string(), seconds: z.number() }), mostParts),
});

export type Report = z.infer<typeof reportSchema>;
export type ReportExpert = z.infer<typeof expert>;
export type ReportMerge = z.infer<typeof merge>;
export type ReportScore = z.infer<typeof reportScore>;
export type ReportRouter = z.infer<typeof router>;
export type ReportForgetting = z.infer<typeof forgetting>;
export type ReportGeneralText = NonNullable<ReportForgetting['generalText']>;
export type ReportStorage = z.infer<typeof storage>;
export type ReportCurve = z.infer<typeof reportCurve>;
export type ReportExample = z.infer<typeof example>;
