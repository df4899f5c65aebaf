import * as z from 'zod';
import type { CompletionFormat } from '../../protocol/engine/completing.ts';
import { optional } from '../completions/decodingFields.ts';
import { ApiError } from '../http/apiError.ts';

const json = z.record(z.string(), z.unknown());

const tool = z.object({
  type: z.literal('function', { error: "tools of type 'function' alone are called" }),
  function: z.object({
    name: z.string().min(1),
    description: optional(z.string()),
    parameters: optional(json),
  }),
});
type Tool = z.infer<typeof tool>;

const toolChoice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
  ],
  { error: "expected 'none', 'auto', 'required' or {type: 'function', function: {name}}" },
);

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  /** With llama-server's schema, where there is one. */
  z.object({ type: z.literal('json_object'), schema: optional(json) }),
  z.object({ type: z.literal('json_schema'), json_schema: z.object({ schema: json }) }),
]);

/** What an answer of a chat has to be, and which functions it may call. */
export const toolFields = {
  tools: optional(z.array(tool)),
  tool_choice: optional(toolChoice),
  parallel_tool_calls: optional(z.boolean()),
  response_format: optional(responseFormat),
};
const toolSchema = z.object(toolFields);
type ToolFields = z.infer<typeof toolSchema>;

/** The tools that the model is shown, and the form that its answer is held to. Throws `ApiError` 400. */
export function toolsAndFormat({
  tools = [],
  tool_choice: choice,
  parallel_tool_calls: several = true,
  response_format,
}: ToolFields): {
  tools?: Record<string, unknown>[];
  format?: CompletionFormat;
} {
  const asked = formatOf(response_format);
  if (choice === 'none') return { ...(asked && { format: asked }) };
  if (choice && choice !== 'auto') {
    if (tools.length === 0)
      throw new ApiError(
        400,
        "'tool_choice' is only allowed when 'tools' are specified.",
        'invalid_value',
        'tool_choice',
      );
    const name = choice === 'required' ? undefined : choice.function.name;
    if (name !== undefined && !tools.some(({ function: { name: own } }) => own === name))
      throw new ApiError(400, `There is no tool '${name}'.`, 'invalid_value', 'tool_choice');
    return { tools: shown(tools), format: name === undefined ? { kind: 'call', several } : { kind: 'call', name } };
  }
  return { ...(tools.length > 0 && { tools: shown(tools) }), ...(asked && { format: asked }) };
}

/** As chat templates write them: without what only the API knows, such as `strict`. */
function shown(tools: Tool[]): Record<string, unknown>[] {
  return tools.map(({ type, function: { name, description, parameters } }) => ({
    type,
    function: { name, ...(description !== undefined && { description }), ...(parameters && { parameters }) },
  }));
}

function formatOf(format: ToolFields['response_format']): CompletionFormat | undefined {
  switch (format?.type) {
    case 'json_object':
      return format.schema ? { kind: 'schema', schema: format.schema } : { kind: 'json' };
    case 'json_schema':
      return { kind: 'schema', schema: format.json_schema.schema };
    default:
      return undefined;
  }
}
