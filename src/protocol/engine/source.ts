import * as z from 'zod/mini';

/** What a request is about. */
export const source = {
  /** Without a recipe the base answers alone. */
  recipe: z.optional(z.string()),
  /** The base where there is no recipe: a folder, or the embedded one. */
  base: z.optional(z.string()),
};

/** What the engine is doing for a request, and how far it is; `total` is 0 where it is not known. */
export const workProgress = z.object({
  kind: z.literal('work'),
  message: z.string(),
  done: z.number(),
  total: z.number(),
});
export type WorkProgress = z.infer<typeof workProgress>;
