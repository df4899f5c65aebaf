import * as z from 'zod/mini';
import { arithmetics } from './arithmetic.ts';

/** How well a merge that is fitted to data gives what the experts give to their own texts. */
export const mergeFitSchema = z.object({
  /** Texts and tokens that were read. */
  texts: z.int(),
  tokens: z.int(),
  /** Of regmean: how far it is from what the experts add to the layers' outputs, the root of the sum of squares, relative. */
  outputError: z.optional(z.number()),
  /** The same of the experts' mean, all weights equal. */
  meanOutputError: z.optional(z.number()),
  /** Of learned and distilled: what is minimised, in nats a token of an answer, at the first step and over the last tenth of them. */
  firstLoss: z.optional(z.number()),
  loss: z.optional(z.number()),
  /** How products with the base were computed; in F32 where it is not said. */
  arithmetic: z.optional(z.enum(arithmetics)),
  /** Not of one that is read from its file, which is the same bytes however long it took. */
  seconds: z.optional(z.number()),
});
export type MergeFit = z.infer<typeof mergeFitSchema>;
