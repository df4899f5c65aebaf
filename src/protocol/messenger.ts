import * as z from 'zod/mini';
import { type Envelope, envelope, type Handlers, type Params, type Result, type Side, type Told } from './api.ts';
import { type ErrorCode, WorkbenchError } from './errors.ts';
import { toWireError } from './wireError.ts';

/** One end of the line between a view and its host; both ends are the same. */
export interface Messenger<Other extends Side> {
  /**
   * Asks the other end. Aborting the signal tells it to stop and rejects with the signal's reason.
   * @throws WorkbenchError what the handler at the other end threw; `badRequest` where its answer does not fit.
   */
  request<M extends keyof Other['requests'] & string>(
    method: M,
    params: Params<Other, M>,
    signal?: AbortSignal,
  ): Promise<Result<Other, M>>;
  notify<M extends keyof Other['notifications'] & string>(method: M, params: Told<Other, M>): void;
  /** To be called with every message that arrives. */
  receive(message: unknown): void;
  /** Handlers under way are told to stop; requests that wait are rejected. */
  dispose(): void;
}

export interface MessengerOptions<Own extends Side, Other extends Side> {
  own: Own;
  other: Other;
  handlers: Handlers<Own>;
  post(message: Envelope): void;
  /** Told of messages that cannot be answered because they are none. */
  onStray(problem: string): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export function createMessenger<Own extends Side, Other extends Side>(
  options: MessengerOptions<Own, Other>,
): Messenger<Other> {
  const { own, other, post, onStray } = options;
  const handlers = options.handlers as Record<string, (params: unknown, signal?: AbortSignal) => unknown>;
  const waiting = new Map<number, Waiting>();
  const running = new Map<number, AbortController>();
  let next = 1;

  async function answer(id: number, method: string, params: unknown): Promise<void> {
    const abort = new AbortController();
    running.set(id, abort);
    const message = await outcome(id, method, params, abort.signal);
    running.delete(id);
    // Of what was cancelled nobody waits for an answer, and a closed view takes none.
    if (!abort.signal.aborted) post(message);
  }

  async function outcome(id: number, method: string, params: unknown, signal: AbortSignal): Promise<Envelope> {
    try {
      const { params: schema } = known(own.requests, method);
      const result = await handlers[method]!(fitting(schema, params, `parameters of '${method}'`), signal);
      return { type: 'answer', id, result };
    } catch (error) {
      const { code, message, hint } = toWireError(error);
      return { type: 'error', id, error: { code, message, hint } };
    }
  }

  function ask(method: string, params: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      const cancel = () =>
        settle(id, () => {
          post({ type: 'cancel', id });
          reject(signal?.reason);
        });
      signal?.addEventListener('abort', cancel, { once: true });
      post({ type: 'request', id, method, params });
    });
  }

  function settle(id: number, how: (waiting: Waiting) => void): void {
    const found = waiting.get(id);
    // Without one it was cancelled, and nobody waits for the answer.
    if (!found) return;
    waiting.delete(id);
    how(found);
  }

  function take(message: Envelope): void {
    if (message.type === 'request') void answer(message.id, message.method, message.params);
    else if (message.type === 'cancel') running.get(message.id)?.abort();
    else if (message.type === 'answer') settle(message.id, ({ resolve }) => resolve(message.result));
    else if (message.type === 'error') {
      const { code, message: text, hint } = message.error;
      settle(message.id, ({ reject }) => reject(new WorkbenchError(code as ErrorCode, text, hint)));
    } else {
      const { method, params } = message;
      handlers[method]!(fitting(known(own.notifications, method), params, `'${method}'`));
    }
  }

  return {
    async request(method, params, signal) {
      signal?.throwIfAborted();
      const { result } = known(other.requests, method);
      return fitting(result, await ask(method, params, signal), `the answer to '${method}'`) as never;
    },
    notify: (method, params) => post({ type: 'notification', method, params }),
    receive(message) {
      try {
        take(fitting(envelope, message, 'a message') as Envelope);
      } catch (error) {
        onStray(error instanceof Error ? error.message : String(error));
      }
    },
    dispose() {
      for (const abort of running.values()) abort.abort();
      // As an aborted signal names its reason: nobody needs to be told.
      for (const { reject } of waiting.values())
        reject(Object.assign(new Error('The view was closed.'), { name: 'AbortError' }));
      waiting.clear();
    },
  };
}

function known<T>(table: Record<string, T>, method: string): T {
  if (!Object.hasOwn(table, method)) throw new WorkbenchError('badRequest', `There is no '${method}' here.`);
  return table[method]!;
}

function fitting<S extends z.ZodMiniType>(schema: S, value: unknown, what: string): z.infer<S> {
  const { success, data, error } = z.safeParse(schema, value);
  if (success) return data;
  const [issue] = error.issues;
  const where = issue?.path.length ? ` at ${issue.path.join('.')}` : '';
  throw new WorkbenchError('badRequest', `${what} does not fit${where}: ${issue?.message ?? 'unknown'}.`);
}
