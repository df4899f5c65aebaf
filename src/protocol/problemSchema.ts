import * as z from 'zod/mini';

/** A `Problem` as it crosses a border; places in a text stay behind. */
export const problemSchema = z.object({
  code: z.string(),
  severity: z.enum(['error', 'warning']),
  where: z.string(),
  message: z.string(),
});
