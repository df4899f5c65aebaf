import type { Context } from 'hono';
import type * as z from 'zod';
import { ApiError } from './apiError.ts';

/** A request's body, checked. Throws `ApiError` 400, naming the field. */
export async function readBody<S extends z.ZodType>(c: Context, schema: S): Promise<z.infer<S>> {
  let value: unknown;
  try {
    value = JSON.parse(await c.req.text());
  } catch (error) {
    throw new ApiError(400, `The body is not JSON: ${(error as Error).message}.`, 'invalid_json');
  }
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const issue = error.issues[0]!;
  const param = issue.path.join('.');
  const message = param && issue.code !== 'custom' ? `${param}: ${issue.message}` : issue.message;
  throw new ApiError(400, message, codeOf(issue), param || null);
}

/** Fields are refused by name with a code of their own (`refusedFields.ts`). */
function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom' && typeof issue.params?.code === 'string') return issue.params.code;
  return issue.code === 'invalid_type' && issue.input === undefined ? 'missing_required_parameter' : 'invalid_value';
}
