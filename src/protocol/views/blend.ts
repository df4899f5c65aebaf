import * as z from 'zod/mini';
import { nothing, type ViewApi } from '../contract.ts';
import { askingRequests } from '../engine/asking.ts';
import { mergingRequests } from '../engine/merging.ts';
import { workProgress } from '../engine/source.ts';
import { weighingRequests } from '../engine/weighing.ts';
import { routeSchema } from '../route.ts';
import { weightsSchema as weights } from '../target.ts';

const labExpert = z.object({
  name: z.string(),
  domain: z.string(),
  description: z.optional(z.string()),
  isTrained: z.boolean(),
});

const preset = z.object({
  name: z.string(),
  weights,
  /** Named in the recipe, or proposed by the scores of its report. */
  source: z.enum(['recipe', 'scores']),
});

const score = z.object({ set: z.string(), accuracy: z.number(), total: z.number() });

/** What a report says of some weights: as a blend, or merged by a method. */
const evaluated = z.object({
  weights,
  method: z.optional(z.string()),
  density: z.optional(z.number()),
  rank: z.optional(z.int()),
  scores: z.array(score),
});

const decoding = z.object({ seed: z.int(), temperature: z.number(), maxTokens: z.int() });

const lab = z.object({
  recipe: z.string(),
  base: z.string(),
  /** What is said of a prompt that no expert was trained for; undefined where the base may know. */
  demonstration: z.optional(z.string()),
  experts: z.array(labExpert),
  presets: z.array(preset),
  /** The held-out sets of the report; none without one. */
  sets: z.array(z.string()),
  evaluated: z.array(evaluated),
  /** How experts can be merged, each in a sentence. */
  methods: z.array(z.object({ name: z.string(), text: z.string() })),
  /** As the recipe and the user's settings say it. */
  decoding,
  /** The recipe's blend that the lab was opened with. */
  opened: z.optional(z.string()),
});

const answer = z.object({
  text: z.string(),
  finish: z.enum(['stop', 'length', 'cancelled', 'context', 'repeats']),
  answerTokens: z.int(),
  prefillMs: z.number(),
  decodeMs: z.number(),
});

const explanation = askingRequests.explainTokens.result;

const mergeOptions = { density: z.number(), rank: z.optional(z.int()) };

const comparison = mergingRequests.compareMerges.result;

export type Lab = z.infer<typeof lab>;
export type LabExpert = z.infer<typeof labExpert>;
export type Decoding = z.infer<typeof decoding>;
export type LabAnswer = z.infer<typeof answer>;
export type Explanation = z.infer<typeof explanation>;
export type Comparison = z.infer<typeof comparison>;
export type Evaluated = z.infer<typeof evaluated>;

/** The blend lab's messages. */
export const blendApi = {
  toHost: {
    requests: {
      load: { params: nothing, result: lab },
      /** Whom the router would choose, and why. */
      route: { params: z.object({ prompt: z.string() }), result: routeSchema },
      /** Answers with a blend; without weights the base alone. */
      ask: {
        params: z.object({ prompt: z.string(), weights, decoding }),
        progress: z.object({ text: z.string() }),
        result: answer,
      },
      explain: { params: z.object({ prompt: z.string(), answer: z.string(), weights }), result: explanation },
      /** Asks for examples and for how answers are judged, and finds weights; without them where that was cancelled. */
      findWeights: {
        params: nothing,
        progress: workProgress,
        result: z.object({ found: z.optional(weighingRequests.findWeights.result) }),
      },
      compareMerges: {
        /** `fitted`: with the methods that are fitted to data, which take minutes. */
        params: z.object({ weights, ...mergeOptions, fitted: z.boolean() }),
        /** `work` is what a fit does meanwhile. */
        progress: z.object({ method: z.string(), done: z.int(), total: z.int(), work: z.optional(workProgress) }),
        result: comparison,
      },
      /** Asks for a name and saves it in the recipe; without a name where that was cancelled. */
      saveBlend: { params: z.object({ weights }), result: z.object({ name: z.optional(z.string()) }) },
      /** Asks for a folder and merges into it; without a path where that was cancelled. */
      merge: {
        params: z.object({ weights, method: z.string(), ...mergeOptions, into: z.enum(['adapter', 'model']) }),
        result: z.object({ path: z.optional(z.string()) }),
      },
    },
    notifications: {},
  },
  toView: {
    requests: {},
    notifications: {
      /** The recipe, an adapter or the report has changed, or another blend is to be shown: there is something to load. */
      changed: nothing,
    },
  },
} as const satisfies ViewApi;
