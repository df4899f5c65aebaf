import * as z from 'zod';
import type { CompleteRequest } from '../../protocol/engine/completing.ts';
import { decodingFields, optional, settingsOf } from '../completions/decodingFields.ts';
import { withoutRefused } from '../completions/refusedFields.ts';
import type { Answerer } from '../models/served.ts';

/** Each is a request of the engine, whose queue is as long. */
const mostPrompts = 32;

/** The body of `/v1/completions`. */
export const textBody = withoutRefused(
  z.object({
    ...decodingFields,
    prompt: z.union([z.string(), z.array(z.string()).min(1).max(mostPrompts)], {
      error: `expected a text or an array of 1 to ${mostPrompts} texts; tokens by their numbers are not read`,
    }),
    /** What follows the gap that is to be filled. */
    suffix: optional(z.string()),
    logprobs: optional(z.int().min(0).max(20)),
    stream_options: optional(z.object({ include_usage: optional(z.boolean()) })),
  }),
);
export type TextBody = z.infer<typeof textBody>;

/** What the engine is asked, for each prompt. */
export function textRequests(
  body: TextBody,
  { model: _, ...answerer }: Answerer,
  mostTokens: number,
): CompleteRequest[] {
  const { prompt, suffix, logprobs, n } = body;
  const settings = settingsOf(body, mostTokens);
  return [prompt].flat().map(text => ({
    ...answerer,
    input: suffix === undefined ? { kind: 'text', text } : { kind: 'fill', prefix: text, suffix },
    settings,
    ...(n !== undefined && { count: n }),
    ...(logprobs !== undefined && { logprobs }),
  }));
}
