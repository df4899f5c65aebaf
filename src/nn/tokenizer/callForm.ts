import type { CallSyntax } from './callSyntax.ts';
import { isFields } from './jsonObject.ts';

/** How an answer calls one tool: a text, and JSON that fits a schema. */
interface CallValue {
  name: string;
  before: string;
  schema: Record<string, unknown>;
}

/** How an answer calls tools: fixed texts around one call, or around several where there is a `next`. */
export interface CallForm {
  open: string;
  values: CallValue[];
  close: string;
  next?: string;
  end: string;
}

/** What an answer may be that has to call these tools, each as often as it likes. */
export function callForm(syntax: CallSyntax, tools: readonly Record<string, unknown>[]): CallForm {
  const { open, close, next, end, body } = syntax;
  const values = tools.map((tool): CallValue => {
    const { name, parameters } = functionOf(tool);
    if (body.kind === 'named') return { name, before: name + body.between, schema: parameters };
    const fits = (path: readonly string[], value: unknown): unknown => {
      if (isSame(path, body.name)) return { const: name };
      if (isSame(path, body.arguments)) return body.isText ? { type: 'string' } : parameters;
      if (!isFields(value)) return { const: value };
      // Other values than those on the way to name and arguments are ids and the like, which need not be written.
      const kept = Object.entries(value).filter(([key, inner]) => isFields(inner) || leadsTo([...path, key], body));
      const properties = Object.fromEntries(kept.map(([key, inner]) => [key, fits([...path, key], inner)]));
      return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
    };
    return { name, before: '', schema: fits([], body.sample) as Record<string, unknown> };
  });
  return { open, values, close, ...(next !== undefined && { next }), end };
}

/** The names of tools. */
export function toolNames(tools: readonly Record<string, unknown>[]): ReadonlySet<string> {
  return new Set(tools.map(tool => functionOf(tool).name));
}

/** The name and the schema of the parameters of a tool, with or without the wrapping of OpenAI's. */
function functionOf(tool: Record<string, unknown>): { name: string; parameters: Record<string, unknown> } {
  const { name, parameters } = isFields(tool.function) ? tool.function : tool;
  return { name: String(name), parameters: isFields(parameters) ? parameters : { type: 'object' } };
}

function leadsTo(path: readonly string[], body: { name: string[]; arguments: string[] }): boolean {
  return isSame(path, body.name) || isSame(path, body.arguments);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.join('\0') === b.join('\0');
}
