import * as z from 'zod/mini';

/** What a request is about. */
export const source = {
  /** Without a recipe the base answers alone. */
  recipe: z.optional(z.string()),
  /** The base where there is no recipe: a folder, or the embedded one. */
  base: z.optional(z.string()),
};

/** Which engine answers, and how one elsewhere is asked. */
export const answeringEngine = {
  /** `local`, or one that the recipe names; the recipe's `answering` without it. */
  engine: z.optional(z.string()),
  /** Keys of servers by the origin of their address, over those of the environment. */
  keys: z.optional(z.record(z.string(), z.string())),
  /** Origins of the servers that may get prompts, beside this machine; any may without it. */
  servers: z.optional(z.array(z.string())),
};

/** What the engine is doing for a request, and how far it is; `total` is 0 where it is not known. */
export const workProgress = z.object({
  kind: z.literal('work'),
  message: z.string(),
  done: z.number(),
  total: z.number(),
});
export type WorkProgress = z.infer<typeof workProgress>;
