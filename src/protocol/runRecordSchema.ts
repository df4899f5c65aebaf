import * as z from 'zod/mini';
import { type RunRecord, runStates } from './runRecord.ts';

/** A run's record, to check files and messages by. */
export const runRecord: z.ZodMiniType<RunRecord> = z.object({
  id: z.string(),
  kind: z.enum(['train', 'evaluate']),
  recipe: z.string(),
  experts: z.array(z.string()),
  sets: z.optional(z.array(z.string())),
  state: z.enum(runStates),
  pid: z.number(),
  startedAt: z.number(),
  updatedAt: z.number(),
  progress: z.optional(z.object({ message: z.string(), done: z.number(), total: z.number() })),
  message: z.optional(z.string()),
  result: z.optional(
    z.object({
      adapters: z.optional(z.array(z.object({ name: z.string(), adapter: z.string() }))),
      reportPath: z.optional(z.string()),
      htmlPath: z.optional(z.string()),
    }),
  ),
});
