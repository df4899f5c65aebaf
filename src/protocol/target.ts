import * as z from 'zod/mini';

/** Expert → weight. */
export const weightsSchema = z.record(z.string(), z.number());
export type Weights = z.infer<typeof weightsSchema>;

const name = z.string();

/** Who answers: one union from a page or a command to the engine. */
export const targetSchema = z.discriminatedUnion('kind', [
  /** Whomever the router chooses for the prompt. */
  z.object({ kind: z.literal('auto') }),
  /** The base alone. */
  z.object({ kind: z.literal('base') }),
  z.object({ kind: z.literal('expert'), name }),
  z.object({ kind: z.literal('blend'), name }),
  z.object({ kind: z.literal('merge'), name }),
  /** Experts with these weights, as a blend without a name. */
  z.object({ kind: z.literal('weights'), weights: weightsSchema }),
]);
export type Target = z.infer<typeof targetSchema>;
