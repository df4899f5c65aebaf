import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ApiError } from './apiError.ts';

/** The longest prompts of agents, with what they attach, are a tenth of it. */
const maxBodyBytes = 10_000_000;

/** Whether an address is this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * A page in a browser can have its own name stand for 127.0.0.1 (DNS rebinding), and then read what is answered there:
 * on this machine alone, names of this machine alone are answered.
 */
export const ownHostOnly: MiddlewareHandler = async (c, next) => {
  const name = hostName(c.req.header('host') ?? '');
  if (name === undefined || !isLoopback(name))
    throw new ApiError(403, 'The Host of the request is not this machine: ask for localhost or 127.0.0.1.', 'denied');
  await next();
};

/** A browser says which page asks; pages of others get nothing done here, even where they could not read the answer. */
export const noForeignPages: MiddlewareHandler = async (c, next) => {
  const origin = c.req.header('origin');
  if (origin !== undefined && origin !== `http://${c.req.header('host')}`)
    throw new ApiError(403, `Pages of ${origin} are not answered.`, 'denied');
  await next();
};

/** Asks for the key, as a bearer token or in llama-server's header. Whether the server is there may be asked without. */
export function withApiKey(key: string): MiddlewareHandler {
  const expected = digest(key);
  return async (c, next) => {
    const [, bearer] = /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
    const given = bearer ?? c.req.header('x-api-key');
    // Digests have one length, and their comparison takes one time, whatever is given.
    if (c.req.path !== '/health' && !(given && timingSafeEqual(digest(given), expected)))
      throw new ApiError(
        401,
        given ? 'The API key is wrong.' : 'An API key is needed: send it as “Authorization: Bearer KEY”.',
        'invalid_api_key',
      );
    await next();
  };
}

export const limitedBody: MiddlewareHandler = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw new ApiError(413, `The request is longer than ${maxBodyBytes / 1e6} MB.`, 'too_large');
  },
});

function hostName(host: string): string | undefined {
  try {
    return new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1');
  } catch {
    return undefined;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
