import type { ToolCall, ToolSchema } from './example.ts';
import { columnValue, type Fields, isBlank, type RowReport, text } from './fields.ts';

/** The tools that a row offers beside its messages (OpenAI's schemas); undefined with the reason reported. */
export function toolsOf(row: Fields, report: RowReport): ToolSchema[] | undefined {
  const value = columnValue(row.tools);
  if (isBlank(value)) return [];
  const isSchema = (tool: unknown) => {
    const { name } = (isFields(tool) && isFields(tool.function) ? tool.function : tool) as Fields;
    return typeof name === 'string' && name.trim() !== '';
  };
  if (Array.isArray(value) && value.every(tool => isFields(tool) && isSchema(tool)))
    return isWhole(value, "field 'tools'", report) ? (value as ToolSchema[]) : undefined;
  report.problem(
    'wrongType',
    "field 'tools' must be an array of { type: 'function', function: { name, description, parameters } }.",
  );
  return undefined;
}

/** The calls of a turn, arguments as objects; undefined with the reason reported. `what` names the turn. */
export function toolCallsOf(fields: Fields, what: string, report: RowReport): ToolCall[] | undefined {
  if (!isBlank(fields.function_call)) {
    report.problem(
      'toolCalls',
      `${what}.function_call' is the older form of a call; write it as tool_calls: [{ type: 'function', function: { name, arguments } }].`,
    );
    return undefined;
  }
  const value = columnValue(fields.tool_calls);
  if (isBlank(value)) return [];
  const calls = Array.isArray(value) ? value.map(callOf) : [undefined];
  if (calls.every(call => call !== undefined)) return isWhole(calls, `${what}.tool_calls'`, report) ? calls : undefined;
  const at = Array.isArray(value) ? `[${calls.indexOf(undefined)}]` : '';
  report.problem(
    'toolCalls',
    `${what}.tool_calls${at}' must be { type: 'function', function: { name, arguments } }, with arguments an object, or its JSON in a string.`,
  );
  return undefined;
}

/** A call with or without the wrapping of OpenAI's, whose arguments are JSON in a string. */
function callOf(value: unknown): ToolCall | undefined {
  if (!isFields(value)) return undefined;
  const { id } = value;
  const { name, arguments: given } = isFields(value.function) ? value.function : value;
  const parsed = isBlank(given) ? {} : columnValue(given);
  if (typeof name !== 'string' || name.trim() === '' || !isFields(parsed)) return undefined;
  return { ...(typeof id === 'string' && { id }), type: 'function', function: { name, arguments: parsed } };
}

/** What a tool gave back, which may be nothing; undefined with the reason reported. */
export function toolResult(value: unknown, what: string, report: RowReport): string | undefined {
  return isBlank(value) && !isFields(value) ? '' : text(value, what, report);
}

/** Whether no text in a value has half a character; else that is reported. */
function isWhole(value: unknown, what: string, report: RowReport): boolean {
  const hasHalf = (inner: unknown): boolean => {
    if (typeof inner === 'string') return /\p{Surrogate}/u.test(inner);
    return typeof inner === 'object' && inner !== null && Object.entries(inner).flat().some(hasHalf);
  };
  if (!hasHalf(value)) return true;
  report.problem('brokenText', `${what} has half a character (an escape \\ud800 to \\udfff alone); write it whole.`);
  return false;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
