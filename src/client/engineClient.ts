import { setTimeout as delay } from 'node:timers/promises';
import { CancellationTokenSource, ResponseError } from 'vscode-jsonrpc/node';
import type { EngineMethod, EngineNotifications, EngineParams, EngineResult } from '../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { cancelledCode, fromWireError, type WireError } from '../protocol/wireError.ts';
import { type EngineProcess, type EngineProcessOptions, startEngineProcess } from './engineProcess.ts';
import { createRestartPolicy, mostEnds } from './restartPolicy.ts';

/** What the engine tells while a request is under way. */
export type EngineNotification = {
  [N in keyof EngineNotifications]: { name: N; params: EngineNotifications[N] };
}[keyof EngineNotifications];

/** A request without its identity, which the client gives it. */
export type RequestParams<M extends EngineMethod> = Omit<EngineParams<M>, 'id'>;

export interface RequestOptions<M extends EngineMethod> {
  /** Aborting asks the engine to stop; training and answers then end with what there is, others reject with the reason. */
  signal?: AbortSignal;
  onNotification?(notification: EngineNotification): void;
  /**
   * Called when the process ended before it answered, once: what to send to a new process instead, or undefined to let
   * the request fail.
   */
  retryOnce?(lost: WorkbenchError): RequestParams<M> | undefined;
}

/** The engine from its caller's side: requests in, answers and notifications out, whatever happens to the process. */
export interface EngineClient {
  /**
   * Rejects with the engine's WorkbenchError, with `engineLost` when the process ended before it answered, or with the
   * signal's reason.
   */
  request<M extends EngineMethod>(
    method: M,
    params: RequestParams<M>,
    options?: RequestOptions<M>,
  ): Promise<EngineResult<M>>;
  /** Calls back whenever a process ends that was not asked to; the next request starts another. */
  onExit(listener: (lost: WorkbenchError) => void): void;
  /** Calls back with what the engine says of itself, such as that a device gave up. */
  onNotice(listener: (notice: EngineNotifications['notice']) => void): void;
  /** Calls back with what the engine keeps in memory, whenever that is not what it was. */
  onLoaded(listener: (loaded: EngineNotifications['loaded']) => void): void;
  /** The process that runs now. */
  readonly pid: number | undefined;
  /** Ends the process; requests that are under way reject with `engineLost`. */
  dispose(): Promise<void>;
  /** Ends the process at once, whatever it is doing. */
  kill(): void;
}

/** Starts the engine process. It ends with this one, however this one ends: its standard input is then closed. */
export function startEngine(options: EngineProcessOptions): EngineClient {
  const policy = createRestartPolicy(() => performance.now());
  const noticeListeners: ((notice: EngineNotifications['notice']) => void)[] = [];
  const loadedListeners: ((loaded: EngineNotifications['loaded']) => void)[] = [];
  const exitListeners: ((lost: WorkbenchError) => void)[] = [];
  const notified = new Map<string, (notification: EngineNotification) => void>();
  let nextId = 1;
  let isDisposed = false;
  let lastLost: WorkbenchError | undefined;
  let lostPid: number | undefined;
  let starting: Promise<EngineProcess> | undefined;
  let current = start();

  function start(): EngineProcess {
    // One that crashed is named to its successor, which then does not use the same device.
    const args = lostPid === undefined ? options.args : [...options.args, '--lost', String(lostPid)];
    const engine = startEngineProcess({ ...options, args });
    engine.connection.onNotification('notice', (notice: EngineNotifications['notice']) => {
      for (const listener of noticeListeners) listener(notice);
    });
    engine.connection.onNotification('loaded', (loaded: EngineNotifications['loaded']) => {
      for (const listener of loadedListeners) listener(loaded);
    });
    for (const name of ['trainEvent', 'run', 'answerRoute', 'answerText', 'progress', 'downloadProgress'] as const)
      engine.connection.onNotification(name, params => notified.get(params.id)?.({ name, params }));
    void engine.gone.then(lost => {
      if (isDisposed) return;
      policy.ended();
      lostPid = engine.hasCrashed() ? engine.pid : undefined;
      lastLost = lost;
      for (const listener of exitListeners) listener(lost);
    });
    return engine;
  }

  /** The running process, or a new one when the last has ended; requests that come meanwhile share it. */
  function running(): Promise<EngineProcess> {
    if (isDisposed) throw new WorkbenchError('engineLost', 'the engine has been ended');
    if (!current.hasEnded()) return Promise.resolve(current);
    starting ??= restart().finally(() => {
      starting = undefined;
    });
    return starting;
  }

  async function restart(): Promise<EngineProcess> {
    const wait = policy.delay();
    if (wait === undefined)
      throw new WorkbenchError(
        'engineLost',
        `the engine process ended ${mostEnds} times within a minute; last: ${lastLost?.message}`,
        `A minute later it can be started again. ${lastLost?.hint ?? ''}`.trimEnd(),
      );
    await delay(wait);
    if (isDisposed) throw new WorkbenchError('engineLost', 'the engine has been ended');
    current = start();
    return current;
  }

  async function send<M extends EngineMethod>(
    method: M,
    params: RequestParams<M>,
    { signal, onNotification }: RequestOptions<M>,
  ) {
    signal?.throwIfAborted();
    const engine = await running();
    signal?.throwIfAborted();
    const id = String(nextId++);
    const source = new CancellationTokenSource();
    const cancel = () => source.cancel();
    signal?.addEventListener('abort', cancel);
    if (onNotification) notified.set(id, onNotification);
    const lost = engine.gone.then(error => {
      throw error;
    });
    const answer = async (): Promise<EngineResult<M>> => {
      try {
        return await engine.connection.sendRequest(method, { ...params, id }, source.token);
      } catch (error) {
        // The connection noticed before the process was seen to end.
        if (!(error instanceof ResponseError)) return lost;
        if (error.code === cancelledCode) throw signal?.reason ?? error;
        throw error.data ? fromWireError(error.data as WireError) : new WorkbenchError('runtime', error.message);
      }
    };
    try {
      return await Promise.race([answer(), lost]);
    } finally {
      signal?.removeEventListener('abort', cancel);
      notified.delete(id);
    }
  }

  return {
    async request(method, params, options = {}) {
      try {
        return await send(method, params, options);
      } catch (error) {
        if (!(error instanceof WorkbenchError) || error.code !== 'engineLost' || isDisposed || options.signal?.aborted)
          throw error;
        const again = options.retryOnce?.(error);
        if (!again) throw error;
        return send(method, again, options);
      }
    },
    onExit: listener => void exitListeners.push(listener),
    onNotice: listener => void noticeListeners.push(listener),
    onLoaded: listener => void loadedListeners.push(listener),
    get pid() {
      return current.hasEnded() ? undefined : current.pid;
    },
    async dispose() {
      isDisposed = true;
      await current.end();
    },
    kill() {
      isDisposed = true;
      current.kill();
    },
  };
}
