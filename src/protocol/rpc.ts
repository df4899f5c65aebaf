import {
  CancellationTokenSource,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  ErrorCodes,
  type Message,
  type MessageConnection,
  ProgressType,
  ResponseError,
} from 'vscode-jsonrpc';
import * as z from 'zod/mini';
import type { Handlers, Params, Progress, Result, Side, Told } from './contract.ts';
import { type ErrorCode, type Problem, WorkbenchError } from './errors.ts';

/** One end of a line between two programs; both ends are the same. JSON-RPC 2.0 with its cancellation and progress. */
export interface Rpc<Other extends Side> {
  /**
   * Asks the other end. Aborting the signal asks it to stop; when it has, the request rejects with the signal's reason,
   * or resolves with what was done until then where the contract says so. See `abortsAtOnce`.
   * @throws WorkbenchError what the handler at the other end threw; `badRequest` where its answer does not fit.
   *   Another error where the line broke.
   */
  request<M extends keyof Other['requests'] & string>(
    method: M,
    params: Params<Other, M>,
    options?: RequestOptions<Progress<Other, M>>,
  ): Promise<Result<Other, M>>;
  notify<M extends keyof Other['notifications'] & string>(method: M, params: Told<Other, M>): void;
  /** Handlers under way are told to stop; requests that wait are rejected with the reason, without one as aborted. */
  dispose(reason?: Error): void;
}

interface RequestOptions<P> {
  signal?: AbortSignal;
  onProgress?(value: P): void;
}

export interface RpcOptions<Own extends Side, Other extends Side> {
  own: Own;
  other: Other;
  handlers: Handlers<Own>;
  connection: MessageConnection;
  /** Told of messages that do not fit and that nobody waits for. */
  onStray(problem: string): void;
  /** A request that is aborted rejects at once, instead of when the other end has stopped. */
  abortsAtOnce?: boolean;
}

/** JSON-RPC error code of an answer that carries a `WireError`: outside the range the protocol keeps for itself. */
const failedCode = 1;
/** JSON-RPC error code of a request that was cancelled, as the Language Server Protocol has it. */
const cancelledCode = -32800;

/** What the library says of a message that did not leave, or whose answer can't come. */
const lineCodes: number[] = [
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.MessageWriteError,
  ErrorCodes.MessageReadError,
];

/** An error as it crosses the line. */
interface WireError {
  code: ErrorCode;
  hint?: string;
  problems?: Problem[];
}

/** Both a request's parameters and the token under which its progress is told; the latter where someone listens. */
const asked = z.object({ params: z.optional(z.unknown()), progressToken: z.optional(z.int()) });

const anyProgress = new ProgressType<unknown>();

/** Checks what crosses the line at both ends, and begins to listen. */
export function createRpc<Own extends Side, Other extends Side>(o: RpcOptions<Own, Other>): Rpc<Other> {
  const { own, other, connection, onStray, abortsAtOnce } = o;
  const handlers = o.handlers as Record<string, (params: unknown, call?: unknown) => unknown>;
  const running = new Set<AbortController>();
  let nextToken = 1;
  let isClosed = false;
  /** Why nothing more crosses the line. */
  let end: Error | undefined;

  connection.onRequest(async (method, message, token) => {
    const abort = new AbortController();
    // One that came while the request waited its turn has been told already.
    if (token.isCancellationRequested) abort.abort();
    else token.onCancellationRequested(() => abort.abort());
    running.add(abort);
    try {
      const { params: schema, answersWhenCancelled } = known(own.requests, method);
      const { params, progressToken } = fitting(asked, message, `the request '${method}'`);
      const call = {
        signal: abort.signal,
        progress: (value: unknown) => {
          if (progressToken !== undefined) send(() => connection.sendProgress(anyProgress, progressToken, value));
        },
      };
      const result = await handlers[method]!(fitting(schema, params, `parameters of '${method}'`), call);
      if (!answersWhenCancelled) abort.signal.throwIfAborted();
      return result ?? null;
    } catch (error) {
      return abort.signal.aborted ? new ResponseError(cancelledCode, 'cancelled') : failure(error);
    } finally {
      running.delete(abort);
    }
  });
  connection.onNotification((method, message) =>
    orStray(() => {
      const schema = known(own.notifications, method);
      const { params } = fitting(asked, message, `'${method}'`);
      handlers[method]!(fitting(schema, params, `'${method}'`));
    }),
  );
  connection.onError(([error]) => onStray(error.message));
  connection.onClose(() => {
    isClosed = true;
  });
  connection.listen();

  /** Tells the other end, unless nobody listens there any more: the work goes on to its end all the same. */
  function send(message: () => Promise<void>): void {
    if (!isClosed && !end) void message().catch(() => {});
  }

  function orStray(work: () => void): void {
    try {
      work();
    } catch (error) {
      onStray(error instanceof Error ? error.message : String(error));
    }
  }

  return {
    async request(method, params, { signal, onProgress } = {}) {
      signal?.throwIfAborted();
      const exchange = known(other.requests, method);
      const source = new CancellationTokenSource();
      const cancel = () => source.cancel();
      const isGivenUp = () => signal?.aborted === true && !exchange.answersWhenCancelled;
      signal?.addEventListener('abort', cancel);
      const progressToken = onProgress && nextToken++;
      const listening =
        progressToken &&
        connection.onProgress(anyProgress, progressToken, value =>
          orStray(() => {
            const told = fitting(exchange.progress ?? z.never(), value, `progress of '${method}'`);
            if (!isGivenUp()) onProgress!(told as never);
          }),
        );
      try {
        const asking = connection.sendRequest(method, { params, progressToken }, source.token);
        const result: unknown = await (abortsAtOnce && signal ? Promise.race([asking, aborted(signal)]) : asking);
        if (isGivenUp()) signal!.throwIfAborted();
        return fitting(exchange.result, result ?? undefined, `the answer to '${method}'`) as never;
      } catch (error) {
        throw end ?? (error instanceof ResponseError ? received(error, signal) : error);
      } finally {
        signal?.removeEventListener('abort', cancel);
        if (listening) listening.dispose();
      }
    },
    notify(method, params) {
      send(() => connection.sendNotification(method, { params }));
    },
    dispose(reason = abortError('The line was closed.')) {
      if (end) return;
      end = reason;
      for (const abort of running) abort.abort();
      connection.dispose();
    },
  };
}

/** Any error for the other end; what is not a WorkbenchError becomes `runtime` with its message. */
function failure(error: unknown): ResponseError<WireError> {
  if (!(error instanceof WorkbenchError))
    return new ResponseError(failedCode, error instanceof Error ? error.message : String(error), { code: 'runtime' });
  const { code, message, hint, problems } = error;
  return new ResponseError(failedCode, message, { code, hint, problems });
}

function received(error: ResponseError<unknown>, signal: AbortSignal | undefined): unknown {
  if (error.code === cancelledCode) return signal?.reason ?? abortError('The other end gave the request up.');
  // Of the line itself, which broke: whoever made it knows why.
  if (lineCodes.includes(error.code)) return error;
  const { code = 'runtime', hint, problems } = (error.data ?? {}) as Partial<WireError>;
  return new WorkbenchError(code, error.message, hint, problems);
}

function abortError(message: string): Error {
  return Object.assign(new Error(message), { name: 'AbortError' });
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
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

/** A connection over messages that are posted as values, such as those between a page and its host. */
export function postedConnection(
  post: (message: Message) => void,
  onStray: (problem: string) => void,
): { connection: MessageConnection; receive(message: unknown): void } {
  const nothing: Disposable = { dispose() {} };
  const never = () => nothing;
  let callback: DataCallback | undefined;
  const reader = {
    onError: never,
    onClose: never,
    onPartialMessage: never,
    listen(listener: DataCallback) {
      callback = listener;
      return nothing;
    },
    dispose() {
      callback = undefined;
    },
  };
  let isOpen = true;
  const writer = {
    onError: never,
    onClose: never,
    async write(message: Message) {
      // What is disposed may still be answering; a closed page takes nothing.
      if (isOpen) post(message);
    },
    end() {},
    dispose() {
      isOpen = false;
    },
  };
  const logger = { error: onStray, warn: onStray, info() {}, log() {} };
  return {
    connection: createMessageConnection(reader, writer, logger),
    receive(message) {
      if (typeof message === 'object' && message !== null && 'jsonrpc' in message) callback?.(message as Message);
      else onStray('A message does not fit: it is no JSON-RPC.');
    },
  };
}
