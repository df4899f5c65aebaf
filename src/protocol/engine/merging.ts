import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
import { mergeFitSchema } from '../mergeFit.ts';
import { mergeMethods } from '../mergeMethod.ts';
import { weightsSchema } from '../target.ts';
import { workProgress } from './source.ts';

const method = z.enum(mergeMethods);

/** What is said of a merge beside its method; the recipe's defaults hold where nothing is. */
const settings = {
  density: z.optional(z.number()),
  /** Of the methods that cut down to a rank; the largest rank among the experts without it. */
  rank: z.optional(z.int()),
  majoritySign: z.optional(z.enum(['total', 'frequency'])),
  seed: z.optional(z.int()),
  /** Of the methods that are fitted to data. */
  energy: z.optional(z.number()),
  examples: z.optional(z.int()),
  shrinkage: z.optional(z.number()),
  per: z.optional(z.enum(['direction', 'module', 'expert'])),
  epochs: z.optional(z.number()),
  steps: z.optional(z.int()),
};

const comparedMerge = z.object({
  method,
  /** As in `merge`. */
  result: z.optional(z.object({ rank: z.int(), relativeError: z.nullable(z.number()), parameters: z.number() })),
  /** Why the method can't merge these experts. */
  problem: z.optional(z.string()),
  milliseconds: z.number(),
});

const adapterSize = z.object({ rank: z.int(), parameters: z.int() });

export const mergingRequests = {
  merge: {
    params: z.object({
      /** A merge named in a recipe … */
      recipe: z.optional(z.string()),
      merge: z.optional(z.string()),
      /** … or these weights of its experts, with the settings and the folder said here … */
      weights: z.optional(weightsSchema),
      /** … or everything said here. */
      base: z.optional(z.string()),
      adapters: z.optional(z.array(z.object({ path: z.string(), weight: z.number() }))),
      method: z.optional(method),
      ...settings,
      out: z.optional(z.string()),
      /** Writes a full Hugging Face folder with the adapters merged into the base, instead of an adapter. */
      intoBase: z.optional(z.boolean()),
    }),
    result: z.object({
      path: z.string(),
      rank: z.int(),
      /** Of what was written, rounding included, against the exact weighted sum, Frobenius norm over all layers; null where that sum is 0. */
      relativeError: z.nullable(z.number()),
      fit: z.optional(mergeFitSchema),
    }),
    progress: workProgress,
  },
  /** What each method would make of a recipe's experts; nothing is written. */
  compareMerges: {
    params: z.object({
      recipe: z.string(),
      /** All that need no data without it: those that are fitted to data take minutes. Answers wait for a request: who wants some meanwhile asks for one method after the other. */
      methods: z.optional(z.array(method)),
      weights: weightsSchema,
      ...settings,
    }),
    progress: workProgress,
    result: z.object({ methods: z.array(comparedMerge) }),
  },
  /** Cuts an adapter down by singular values. Without a rank and a share of energy, the curve alone. */
  compress: {
    params: z.object({
      /** An adapter's folder … */
      adapter: z.optional(z.string()),
      /** … or an expert or a merge of a recipe. */
      recipe: z.optional(z.string()),
      name: z.optional(z.string()),
      rank: z.optional(z.int()),
      /** Share of the squared Frobenius norm to be kept. */
      energy: z.optional(z.number()),
      out: z.optional(z.string()),
    }),
    result: z.object({
      /** Where nothing was cut there is none. */
      path: z.optional(z.string()),
      /** The largest rank among the layers, and numbers, before and after. */
      before: adapterSize,
      after: z.optional(adapterSize),
      /** Of what was written, against the adapter, Frobenius norm over all layers. */
      relativeError: z.optional(z.number()),
      /** What is lost at a rank of every layer. */
      curve: z.array(z.object({ rank: z.int(), relativeError: z.number() })),
    }),
  },
  export: {
    params: z.object({
      recipe: z.string(),
      expert: z.string(),
      /** An adapter for PEFT or llama.cpp, or a full model for either. */
      format: z.enum(['peft', 'gguf', 'merged', 'merged-gguf']),
      /** What the matrices of a `merged-gguf` are stored as; F16 without it. */
      type: z.optional(z.enum(['F32', 'F16', 'Q8_0', 'Q4_0'])),
      out: z.string(),
    }),
    progress: workProgress,
    /** `modelfile` is what Ollama makes a model of a `merged-gguf` with. */
    result: z.object({ path: z.string(), bytes: z.number(), modelfile: z.optional(z.string()) }),
  },
} as const satisfies Record<string, Exchange>;

export type MergeRequest = z.infer<typeof mergingRequests.merge.params>;
export type MergeResult = z.infer<typeof mergingRequests.merge.result>;
export type CompressRequest = z.infer<typeof mergingRequests.compress.params>;
export type CompressResult = z.infer<typeof mergingRequests.compress.result>;
export type ComparedMerge = z.infer<typeof comparedMerge>;
