import { setTimeout as delay } from 'node:timers/promises';
import {
  callerSide,
  type EngineMethod,
  type EngineParams,
  type EngineProgress,
  type EngineResult,
  engineSide,
} from '../protocol/engine/engineApi.ts';
import type { Loaded, Notice } from '../protocol/engine/experts.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { createRpc, type Rpc } from '../protocol/rpc.ts';
import { type EngineProcess, type EngineProcessOptions, startEngineProcess } from './engineProcess.ts';
import { createRestartPolicy, mostEnds } from './restartPolicy.ts';

export interface RequestOptions<M extends EngineMethod> {
  /** Aborting asks the engine to stop; training and answers then end with what there is, others reject with the reason. */
  signal?: AbortSignal;
  onProgress?(progress: EngineProgress<M>): void;
  /** The process ended before it answered, and the request is sent once more, to a new one. */
  onRestart?(lost: WorkbenchError): void;
}

/** The engine from its caller's side: requests in, answers and progress out, whatever happens to the process. */
export interface EngineClient {
  /**
   * Rejects with the engine's WorkbenchError, with `engineLost` when the process ended before it answered, the second
   * one too unless `failsWhenLost`, or with the signal's reason.
   */
  request<M extends EngineMethod>(
    method: M,
    params: EngineParams<M>,
    options?: RequestOptions<M>,
  ): Promise<EngineResult<M>>;
  /** Calls back whenever a process ends that was not asked to; the next request starts another. */
  onExit(listener: (lost: WorkbenchError) => void): void;
  /** Calls back with what the engine says of itself, such as that a device gave up. */
  onNotice(listener: (notice: Notice) => void): void;
  /** Calls back with what the engine keeps in memory, whenever that is not what it was. */
  onLoaded(listener: (loaded: Loaded) => void): void;
  /** The process that runs now. */
  readonly pid: number | undefined;
  /** Ends the process; requests that are under way reject with `engineLost`. */
  dispose(): Promise<void>;
  /** Ends the process at once, whatever it is doing. */
  kill(): void;
}

export interface EngineOptions extends EngineProcessOptions {
  /** Whether a request that a process did not survive fails, instead of being sent once more. */
  failsWhenLost?: boolean;
}

/** Milliseconds in which a process whose line broke is seen to have ended. */
const breaking = 5000;

/** An engine process with its line. */
interface Line {
  process: EngineProcess;
  rpc: Rpc<typeof engineSide>;
}

/** Starts the engine process. It ends with this one, however this one ends: its standard input is then closed. */
export function startEngine({ failsWhenLost = false, ...options }: EngineOptions): EngineClient {
  const policy = createRestartPolicy(() => performance.now());
  const noticeListeners: ((notice: Notice) => void)[] = [];
  const loadedListeners: ((loaded: Loaded) => void)[] = [];
  const exitListeners: ((lost: WorkbenchError) => void)[] = [];
  let isDisposed = false;
  let lastLost: WorkbenchError | undefined;
  let lostPid: number | undefined;
  let starting: Promise<Line> | undefined;
  let current = start();

  function start(): Line {
    // One that crashed is named to its successor, which then does not use the same device.
    const args = lostPid === undefined ? options.args : [...options.args, '--lost', String(lostPid)];
    const process = startEngineProcess({ ...options, args });
    const tellNotice = (notice: Notice) => {
      for (const listener of noticeListeners) listener(notice);
    };
    const rpc = createRpc({
      own: callerSide,
      other: engineSide,
      handlers: {
        notice: tellNotice,
        loaded: loaded => {
          for (const listener of loadedListeners) listener(loaded);
        },
      },
      connection: process.connection,
      onStray: message => tellNotice({ level: 'info', message }),
    });
    void process.gone.then(lost => {
      rpc.dispose(lost);
      if (isDisposed) return;
      policy.ended();
      lostPid = process.hasCrashed() ? process.pid : undefined;
      lastLost = lost;
      for (const listener of exitListeners) listener(lost);
    });
    return { process, rpc };
  }

  /** The running process, or a new one when the last has ended; requests that come meanwhile share it. */
  function running(): Promise<Line> {
    if (isDisposed) throw new WorkbenchError('engineLost', 'the engine has been ended');
    if (!current.process.hasEnded()) return Promise.resolve(current);
    starting ??= restart().finally(() => {
      starting = undefined;
    });
    return starting;
  }

  async function restart(): Promise<Line> {
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
    params: EngineParams<M>,
    { signal, onProgress }: RequestOptions<M>,
  ): Promise<EngineResult<M>> {
    signal?.throwIfAborted();
    const { process, rpc } = await running();
    try {
      return await rpc.request(method, params, { signal, onProgress });
    } catch (error) {
      if (error instanceof WorkbenchError || error === signal?.reason) throw error;
      // The line broke before the process was seen to end, or with a message that could not leave it.
      const lost = await Promise.race([process.gone, delay(breaking, undefined, { ref: false })]);
      throw lost ?? new WorkbenchError('runtime', error instanceof Error ? error.message : String(error));
    }
  }

  return {
    async request(method, params, options = {}) {
      const told = tellOnce(options.onProgress);
      try {
        return await send(method, params, { ...options, onProgress: told?.tell });
      } catch (error) {
        const isLost = error instanceof WorkbenchError && error.code === 'engineLost';
        if (!isLost || failsWhenLost || isDisposed || options.signal?.aborted) throw error;
        options.onRestart?.(error);
        told?.restarted();
        return send(method, sentAgain(method, params), { ...options, onProgress: told?.tell });
      }
    },
    onExit: listener => void exitListeners.push(listener),
    onNotice: listener => void noticeListeners.push(listener),
    onLoaded: listener => void loadedListeners.push(listener),
    get pid() {
      return current.process.hasEnded() ? undefined : current.process.pid;
    },
    async dispose() {
      isDisposed = true;
      await current.process.end();
    },
    kill() {
      isDisposed = true;
      current.process.kill();
    },
  };
}

/** What a new process is sent: a training goes on from its checkpoint, or where it goes on elsewhere, everything else begins anew. */
function sentAgain<M extends EngineMethod>(method: M, params: EngineParams<M>): EngineParams<M> {
  return method === 'train' || method === 'trainElsewhere' ? { ...params, resume: true } : params;
}

/** What a request may tell: texts that come in pieces, each with the answer and the call it belongs to, and others. */
interface Told {
  kind?: unknown;
  answer?: number;
  call?: number;
  text?: string;
  arguments?: string;
}

/** The texts that come in pieces: kind → the field that holds one. */
const pieces = new Map<unknown, 'text' | 'arguments'>([
  ['text', 'text'],
  ['reasoning', 'text'],
  ['toolCall', 'arguments'],
]);

/**
 * Hands on a request's progress, with how a prompt was fitted and routed and with the texts of answers told once, even
 * where a restarted engine begins them anew: decoding is seeded, so that all of it is the same again.
 */
export function tellOnce<P>(
  onProgress: ((progress: P) => void) | undefined,
): { tell(progress: P): void; restarted(): void } | undefined {
  if (!onProgress) return undefined;
  /** Of each text, how much was told, and how much came from the process that runs now. */
  const texts = new Map<string, { told: number; received: number }>();
  const before = new Set<unknown>();
  return {
    tell(progress) {
      const { kind, answer, call, ...told } = progress as Told;
      if (kind === 'fitted' || kind === 'route') {
        if (!before.has(kind)) onProgress(progress);
        before.add(kind);
        return;
      }
      const field = pieces.get(kind);
      if (!field) return onProgress(progress);
      const key = JSON.stringify([kind, answer, call]);
      const known = texts.get(key);
      const text = known ?? { told: 0, received: 0 };
      texts.set(key, text);
      const piece = told[field] ?? '';
      const fresh = piece.slice(Math.max(0, text.told - text.received));
      text.received += piece.length;
      text.told = Math.max(text.told, text.received);
      // A call begins with its name, before there are arguments.
      if (fresh || (!known && kind === 'toolCall')) onProgress({ ...progress, [field]: fresh });
    },
    restarted() {
      for (const text of texts.values()) text.received = 0;
    },
  };
}
