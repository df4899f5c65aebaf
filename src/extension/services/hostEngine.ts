import { constants } from 'node:os';
import { join } from 'node:path';
import { type Event, EventEmitter, type LogOutputChannel } from 'vscode';
import type { EngineClient, RequestOptions, startEngine } from '../../client/engineClient.ts';
import type { DeviceChoice } from '../../protocol/device.ts';
import { answeringMethods } from '../../protocol/engine/answeringMethods.ts';
import type { EngineMethod, EngineParams, EngineResult } from '../../protocol/engine/engineApi.ts';
import type { Loaded } from '../../protocol/engine/experts.ts';
import { visibleText } from '../../protocol/visibleText.ts';
import { type AllowedServers, refusedServer } from './allowedServers.ts';
import type { Messages } from './messages.ts';

export interface HostRequestOptions<M extends EngineMethod> extends RequestOptions<M> {
  /** Nobody is there to be asked whether prompts may go to a server elsewhere: without that they do not. */
  isUnattended?: boolean;
}

/** This window's engine: a process of its own, started with the first request and ended with the window. */
export interface HostEngine {
  request<M extends EngineMethod>(
    method: M,
    params: EngineParams<M>,
    options?: HostRequestOptions<M>,
  ): Promise<EngineResult<M>>;
  /**
   * Ends the process whatever it is doing: what is under way fails, a training with its checkpoint written. The next
   * request starts another.
   */
  restart(): void;
  /** Ends the process once nothing is under way; the next request starts another, with the settings of that time. */
  restartWhenIdle(): void;
  /** What the process keeps in memory; nothing where none runs. Looking at it starts none. */
  readonly loaded: Loaded;
  onDidChangeLoaded: Event<Loaded>;
  /** The process that runs now. */
  readonly pid: number | undefined;
  dispose(): Promise<void>;
}

const nothing: Loaded = { adapters: [], bytes: 0 };

/** What the user's settings say of the engine's process; empty and 0 where it has its own defaults. */
export interface EngineSettings {
  threads: number;
  device: DeviceChoice;
  cacheFolder: string;
  modelFolder: string;
  /** In GB. */
  memoryLimit: number;
}

/** Requests that reach engines elsewhere, where a key may be asked for. */
const withKeys = new Set<EngineMethod>([...answeringMethods, 'engines']);

/**
 * `settings` are read whenever a process is started, `keys` of engines elsewhere with each request that may need one; `servers`
 * says which of those engines may get prompts.
 */
export function createHostEngine(
  extensionFolder: string,
  settings: () => EngineSettings,
  keys: () => Promise<Record<string, string>>,
  servers: Pick<AllowedServers, 'all' | 'known' | 'decide'>,
  log: LogOutputChannel,
  messages: Messages,
): HostEngine {
  let client: EngineClient | undefined;
  let loaded = nothing;
  const changed = new EventEmitter<Loaded>();
  const tellLoaded = (now: Loaded) => {
    loaded = now;
    changed.fire(now);
  };
  let underWay = 0;
  let isStale = false;
  /** The end of the process before the next one. */
  let ending: Promise<void> | undefined;
  let isDisposed = false;

  function start(startClient: typeof startEngine): EngineClient {
    const { threads, device, cacheFolder, modelFolder, memoryLimit } = settings();
    const started = startClient({
      enginePath: join(extensionFolder, 'dist', 'engine.mjs'),
      args: [
        ...['--media', join(extensionFolder, 'media'), '--device', device],
        ...(threads > 0 ? ['--threads', String(threads)] : []),
        ...(cacheFolder ? ['--cache', cacheFolder] : []),
        ...(memoryLimit > 0 ? ['--memory-limit', `${memoryLimit}GB`] : []),
      ],
      // It takes every core: the editor beside it goes first.
      priority: constants.priority.PRIORITY_BELOW_NORMAL,
      env: {
        // On the desktop this process's executable is Electron; on a server it is Node itself.
        ...(process.versions.electron && { ELECTRON_RUN_AS_NODE: '1' }),
        ...(modelFolder && { HF_HUB_CACHE: modelFolder }),
      },
    });
    started.onNotice(({ level, message }) =>
      level === 'warning' ? messages.warning(message) : log.info(visibleText(message)),
    );
    log.info(`engine started, process ${started.pid}`);
    started.onLoaded(tellLoaded);
    started.onExit(lost => {
      tellLoaded(nothing);
      messages.engineLost(lost);
    });
    return started;
  }

  async function endStale(): Promise<void> {
    if (isStale && underWay === 0) end();
    await ending;
  }

  function end(): void {
    isStale = false;
    const old = client;
    client = undefined;
    if (!old) return;
    log.info(`engine ended, process ${old.pid}`);
    ending = old.dispose().then(() => tellLoaded(nothing));
  }

  async function send<M extends EngineMethod>(
    method: M,
    params: EngineParams<M>,
    options: RequestOptions<M>,
  ): Promise<EngineResult<M>> {
    if (isDisposed) throw new Error('the window is closing');
    await endStale();
    // Its protocol takes longer to load than activation may.
    const { startEngine } = await import('../../client/engineClient.ts');
    const asked = withKeys.has(method) ? { ...params, keys: await keys() } : params;
    if (isDisposed) throw new Error('the window is closing');
    client ??= start(startEngine);
    underWay++;
    const started = performance.now();
    try {
      return await client.request(method, asked, options);
    } finally {
      underWay--;
      log.debug(`${method}: ${(performance.now() - started).toFixed(0)} ms`);
      void endStale();
    }
  }

  return {
    async request(method, params, { isUnattended = false, ...options } = {}) {
      if (!answeringMethods.has(method)) return send(method, params, options);
      try {
        return await send(method, { ...params, servers: servers.all() }, options);
      } catch (error) {
        const origin = refusedServer(error);
        if (origin === undefined) throw error;
        const { recipe } = params as { recipe?: string };
        const decision = servers.known(origin) ?? (isUnattended ? undefined : await servers.decide({ origin, recipe }));
        if (decision === undefined) throw error;
        options.signal?.throwIfAborted();
        const here = method === 'evaluate' ? { engines: [] } : { engine: 'local' };
        const how = decision === 'here' ? here : { servers: servers.all() };
        return send(method, { ...params, ...how }, options);
      }
    },
    restart: end,
    restartWhenIdle() {
      isStale = true;
      void endStale();
    },
    get loaded() {
      return loaded;
    },
    onDidChangeLoaded: changed.event,
    get pid() {
      return client?.pid;
    },
    async dispose() {
      isDisposed = true;
      changed.dispose();
      await Promise.all([ending, client?.dispose()]);
    },
  };
}
