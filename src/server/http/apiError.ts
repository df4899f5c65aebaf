import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { contextLengthCode, type ErrorCode, errorSentences, WorkbenchError } from '../../protocol/errors.ts';

/** An error as OpenAI's API tells it, whose clients make a class of their own of each status. */
export class ApiError extends Error {
  override name = 'ApiError';
  constructor(
    readonly status: ContentfulStatusCode,
    message: string,
    /** For programs, such as `model_not_found`. */
    readonly code: string | null = null,
    /** The field of the request that is wrong: `messages.0.content`. */
    readonly param: string | null = null,
  ) {
    super(message);
  }

  /** What is answered, or told in the midst of a stream. */
  get body() {
    const { message, code, param } = this;
    return { error: { message, type: typeOf(this.status), param, code } };
  }
}

/** What nginx counts for a client that went away; nobody reads it. */
const clientGone = 499 as ContentfulStatusCode;

/** Of what goes wrong in the engine, whose fault it is: the request's, or this side's. */
const statuses: Record<ErrorCode, ContentfulStatusCode> = {
  notFound: 404,
  badRequest: 400,
  unsupported: 400,
  busy: 429,
  outOfMemory: 503,
  engineLost: 503,
  badFile: 500,
  mismatch: 500,
  badRecipe: 500,
  badData: 500,
  storage: 500,
  network: 500,
  denied: 500,
  runtime: 500,
};

/** Any error as one of the API. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof WorkbenchError) {
    const { code, message, hint, problems } = error;
    if (problems.some(problem => problem.code === contextLengthCode))
      return new ApiError(400, errorSentences(message, hint), 'context_length_exceeded');
    return new ApiError(statuses[code], errorSentences(message, hint), code === 'busy' ? 'rate_limit_exceeded' : code);
  }
  if (error instanceof Error && error.name === 'AbortError')
    return new ApiError(clientGone, 'the request was given up');
  return new ApiError(500, error instanceof Error ? error.message : String(error), 'runtime');
}

function typeOf(status: number): string {
  if (status >= 500) return 'server_error';
  return status === 429 ? 'rate_limit_error' : 'invalid_request_error';
}
