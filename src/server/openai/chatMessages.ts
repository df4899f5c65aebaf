import * as z from 'zod';
import type { CompletionInput } from '../../protocol/engine/completing.ts';
import { optional } from '../completions/decodingFields.ts';

type Message = Extract<CompletionInput, { kind: 'chat' }>['messages'][number];

/** A part of a content; images, sounds and files are refused by their name. */
const part = z
  .looseObject({ type: z.string() })
  .superRefine(({ type, text, refusal }, check) => {
    const isText = (type === 'text' && typeof text === 'string') || (type === 'refusal' && typeof refusal === 'string');
    if (isText) return;
    const message =
      type === 'text'
        ? "A part of type 'text' needs a 'text'."
        : `Parts of type '${type}' are not read: text alone is.`;
    check.addIssue({ code: 'custom', path: ['type'], message, params: { code: 'unsupported_value' } });
  })
  .transform(({ text, refusal }) => String(text ?? refusal));

/** A text, or parts of one. */
const content = z.preprocess(
  given => (typeof given === 'string' ? [{ type: 'text', text: given }] : given),
  z.array(part, { error: 'expected a string or an array of parts' }).transform(parts => parts.join('')),
);

/** The arguments of a call that was made earlier come as the text that they were. */
const callArguments = z.string().transform((text, check) => {
  try {
    const value: unknown = JSON.parse(text || '{}');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  check.addIssue({ code: 'custom', message: 'The arguments of a call are a JSON object as text.' });
  return z.NEVER;
});

const toolCall = z
  .object({
    id: optional(z.string()),
    type: z.literal('function'),
    function: z.object({ name: z.string().min(1), arguments: callArguments }),
  })
  .transform(({ id, ...call }) => ({ ...call, ...(id !== undefined && { id }) }));

const name = optional(z.string());

const message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content, name }),
  z.object({ role: z.literal('developer'), content, name }),
  z.object({ role: z.literal('user'), content, name }),
  z.object({
    role: z.literal('assistant'),
    content: optional(content),
    /** As DeepSeek, vLLM and llama-server call it. */
    reasoning_content: optional(z.string()),
    tool_calls: optional(z.array(toolCall)),
    name,
  }),
  z.object({ role: z.literal('tool'), content, tool_call_id: z.string(), name }),
]);

/** Messages of a conversation, as the engine reads them. */
export const chatMessages = z
  .array(message)
  .min(1)
  .transform(messages => messages.map(engineMessage));

function engineMessage(given: z.infer<typeof message>): Message {
  const { role, content: text = '', name: author } = given;
  return {
    role: role === 'developer' ? 'system' : role,
    content: text,
    ...(author !== undefined && { name: author }),
    ...(role === 'assistant' && given.reasoning_content && { reasoning: given.reasoning_content }),
    ...(role === 'assistant' && given.tool_calls?.length && { toolCalls: given.tool_calls }),
    ...(role === 'tool' && { toolCallId: given.tool_call_id }),
  };
}
