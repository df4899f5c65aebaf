import { setTimeout as delay } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { isLoopback } from '../hub/addresses.ts';
import { hasProxy } from '../hub/hubFetch.ts';
import {
  brokenOff,
  isAway,
  isPassing,
  noSuchServer,
  type ServerName,
  silent,
  statusError,
  unreachable,
} from './serverErrors.ts';

/** A server over HTTP that answers in JSON and in streams of events. */
export interface EngineServer extends ServerName {
  /** Without a slash at its end, and without `/v1`. */
  root: string;
  /** Every failure is a WorkbenchError that names the engine, or the signal's reason. */
  get(url: string, signal: AbortSignal): Promise<unknown>;
  /** The text of the answer. */
  post(url: string, body: unknown, signal: AbortSignal): Promise<string>;
  /** What each event of the answer says, up to `[DONE]` or the end of the connection. */
  events(url: string, body: unknown, signal: AbortSignal): AsyncGenerator<unknown>;
}

export interface ServerOptions extends ServerName {
  key: string | undefined;
  /** Seconds without a word after which it counts as away. */
  timeout: number;
  /** Milliseconds between tries of what may pass by itself. */
  waits?: readonly number[];
}

/** In milliseconds: to reach a server, and to let it recover. */
const connecting = 10_000;
const defaultWaits = [250, 1000];
/** The longest that a server may ask to be left alone. */
const longestWait = 10_000;
/** What is read of an answer in JSON, and of one event of a stream. */
const mostCharacters = 8e6;

export function engineServer({ name, url, key, timeout, waits = defaultWaits }: ServerOptions): EngineServer {
  const server: ServerName = { name, url };

  /** One try: the answer once its headers have come, and what to call whenever more of it comes. */
  const send = async (address: string, body: unknown, signal: AbortSignal) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(silent(server, timeout)), timeout * 1000);
    const until = AbortSignal.any([signal, late.signal]);
    const failure = (error: unknown) => {
      signal.throwIfAborted();
      return late.signal.aborted ? late.signal.reason : unreachable(server, error);
    };
    try {
      const { fetch, dispatcher } = await http(address);
      const response = await fetch(address, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // A key goes to nobody else.
        redirect: 'manual',
        dispatcher,
        signal: until,
      });
      if (response.ok) return { response, failure, heard: () => void timer.refresh(), end: () => clearTimeout(timer) };
      const text = await textWithin(response.body, mostCharacters).catch(() => '');
      const error = statusError(server, response.status, text ?? '', key !== undefined);
      retryAfter.set(error, 1000 * Number(response.headers.get('retry-after') ?? 0));
      throw error;
    } catch (error) {
      clearTimeout(timer);
      throw isOwn(error) ? error : failure(error);
    }
  };

  /** Tries again what may pass by itself. */
  const again = async (error: unknown, tries: number, signal: AbortSignal): Promise<void> => {
    if (!isPassing(error) || tries >= waits.length) throw error;
    const asked = retryAfter.get(error) || 0;
    await delay(Math.min(longestWait, Math.max(waits[tries]!, asked)), undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
  };

  const whole = async (address: string, body: unknown, signal: AbortSignal): Promise<string> => {
    for (let tries = 0; ; tries++)
      try {
        const { response, failure, end } = await send(address, body, signal);
        try {
          const text = await textWithin(response.body, mostCharacters);
          if (text === undefined) throw noSuchServer(server, 'answers with more than is read');
          return text;
        } catch (error) {
          throw isOwn(error) ? error : failure(error);
        } finally {
          end();
        }
      } catch (error) {
        await again(error, tries, signal);
      }
  };

  async function* stream(address: string, body: unknown, signal: AbortSignal): AsyncGenerator<unknown> {
    const { response, failure, heard, end } = await send(address, body, signal);
    try {
      if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
        await response.body?.cancel();
        throw noSuchServer(server, 'answers with what is no stream of events');
      }
      const decoder = new TextDecoder();
      const said: string[] = [];
      const parser = createParser({ onEvent: ({ data }) => said.push(data), maxBufferSize: mostCharacters });
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        heard();
        parser.feed(decoder.decode(chunk, { stream: true }));
        for (const data of said.splice(0)) {
          if (data.trim() === '[DONE]') return;
          yield parsed(server, data);
        }
      }
    } catch (error) {
      if (isOwn(error)) throw error;
      const found = failure(error);
      // Its headers had come: it was there, and went away.
      throw isAway(found) && isPassing(found) ? brokenOff(server, (error as Error).message) : found;
    } finally {
      end();
    }
  }

  return {
    ...server,
    root: url.replace(/\/+$/, '').replace(/\/v1$/, ''),
    async get(address, signal) {
      const text = await whole(address, undefined, signal);
      try {
        return JSON.parse(text);
      } catch {
        throw noSuchServer(server, 'answers with what is not JSON');
      }
    },
    post: whole,
    async *events(address, body, signal) {
      for (let tries = 0; ; tries++) {
        let hasBegun = false;
        try {
          for await (const event of stream(address, body, signal)) {
            hasBegun = true;
            yield event;
          }
          return;
        } catch (error) {
          if (hasBegun) throw error;
          await again(error, tries, signal);
        }
      }
    },
  };
}

/** Milliseconds that a server asked to be left alone, with its refusal. */
const retryAfter = new WeakMap<object, number>();

function isOwn(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkbenchError';
}

function parsed(server: ServerName, data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw brokenOff(server, 'an event of it is no whole JSON');
  }
}

/** The body as text; undefined where it is longer. */
async function textWithin(body: unknown, most: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > most) return undefined;
  }
  return text;
}

let dispatchers: Promise<{ fetch: typeof fetch; direct: unknown; proxied: unknown }> | undefined;

/** Node's own fetch knows proxies from version 24 on. Loaded with the first request, because most engines make none. */
async function http(address: string) {
  dispatchers ??= import('../hub/http.ts').then(({ Agent, EnvHttpProxyAgent, fetch }) => {
    // Who asks waits as long as the recipe says.
    const timing = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: connecting } };
    const direct = new Agent(timing);
    const proxied = hasProxy() ? new EnvHttpProxyAgent(timing) : direct;
    return { fetch: fetch as unknown as typeof globalThis.fetch, direct, proxied };
  });
  const { fetch: own, direct, proxied } = await dispatchers;
  const dispatcher = isLoopback(new URL(address).hostname) ? direct : proxied;
  return { fetch: own as (url: string, init: RequestInit & { dispatcher: unknown }) => Promise<Response>, dispatcher };
}
