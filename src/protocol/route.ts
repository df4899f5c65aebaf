import * as z from 'zod/mini';
import { weightsSchema } from './target.ts';

/** What the router makes of a prompt. */
export const routeSchema = z.object({
  /** Of the experts that answer; empty where the base does. */
  weights: weightsSchema,
  /** No expert's domain was recognised. */
  abstained: z.boolean(),
  /** What spoke for an expert (above 0) or against it, in the unit of the router's scores. */
  evidence: z.array(z.object({ expert: z.string(), feature: z.string(), contribution: z.number() })),
  /** The earlier prompt of the conversation that it is of, where the newest says too little. */
  of: z.optional(z.string()),
  /** Words of the prompt that the embedded base does not know, where they are so many that it cannot answer. */
  beyond: z.optional(z.array(z.string())),
});
export type RouteResult = z.infer<typeof routeSchema>;
