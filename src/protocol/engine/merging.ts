import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
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
};

const comparedMerge = z.object({
  method,
  /** As in `merge`. */
  result: z.optional(z.object({ rank: z.int(), relativeError: z.nullable(z.number()), parameters: z.number() })),
  /** Why the method can't merge these experts. */
  problem: z.optional(z.string()),
  milliseconds: z.number(),
});

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
    }),
  },
  /** What each method would make of a recipe's experts; nothing is written. */
  compareMerges: {
    params: z.object({
      recipe: z.string(),
      /** All without it. Answers wait for a request: who wants some meanwhile asks for one method after the other. */
      methods: z.optional(z.array(method)),
      weights: weightsSchema,
      ...settings,
    }),
    progress: workProgress,
    result: z.object({ methods: z.array(comparedMerge) }),
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
export type CompareMergesRequest = z.infer<typeof mergingRequests.compareMerges.params>;
export type ComparedMerge = z.infer<typeof comparedMerge>;
