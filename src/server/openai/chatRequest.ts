import * as z from 'zod';
import type { CompleteRequest } from '../../protocol/engine/completing.ts';
import { decodingFields, optional, settingsOf } from '../completions/decodingFields.ts';
import { withoutRefused } from '../completions/refusedFields.ts';
import { ApiError } from '../http/apiError.ts';
import type { Answerer } from '../models/served.ts';
import { chatMessages } from './chatMessages.ts';
import { toolFields, toolsAndFormat } from './chatTools.ts';

/** The body of `/v1/chat/completions`. */
export const chatBody = withoutRefused(
  z.object({
    ...decodingFields,
    ...toolFields,
    messages: chatMessages,
    max_completion_tokens: optional(z.int().min(1)),
    logprobs: optional(z.boolean()),
    top_logprobs: optional(z.int().min(0).max(20)),
    stream_options: optional(z.object({ include_usage: optional(z.boolean()) })),
    modalities: optional(z.array(z.literal('text', { error: 'answers are text' }))),
    /** OpenAI's: whether the model reasons first, where its chat template knows of it … */
    reasoning_effort: optional(z.string()),
    /** … and vLLM's and llama-server's. */
    chat_template_kwargs: optional(z.object({ enable_thinking: optional(z.boolean()) })),
  }),
);
export type ChatBody = z.infer<typeof chatBody>;

/** What the engine is asked. Throws `ApiError` 400. */
export function chatRequest(body: ChatBody, { model: _, ...answerer }: Answerer, mostTokens: number): CompleteRequest {
  const { messages, logprobs, top_logprobs, n, reasoning_effort: effort } = body;
  if (top_logprobs !== undefined && !logprobs)
    throw new ApiError(400, "'top_logprobs' needs 'logprobs' to be true.", 'invalid_value', 'top_logprobs');
  const { tools, format } = toolsAndFormat(body);
  const thinking = body.chat_template_kwargs?.enable_thinking ?? (effort === undefined ? undefined : effort !== 'none');
  const max_tokens = body.max_completion_tokens ?? body.max_tokens;
  return {
    ...answerer,
    input: { kind: 'chat', messages, ...(tools && { tools }) },
    settings: {
      ...settingsOf({ ...body, max_tokens }, mostTokens),
      ...(thinking !== undefined && { thinking }),
    },
    ...(n !== undefined && { count: n }),
    ...(logprobs && { logprobs: top_logprobs ?? 0 }),
    ...(format && { format }),
  };
}
