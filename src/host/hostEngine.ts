import { join } from 'node:path';
import type { LogOutputChannel } from 'vscode';
import { type EngineClient, type EngineNotification, type RequestParams, startEngine } from '../client/engineClient.ts';
import type { DeviceChoice } from '../shared/device.ts';
import type { EngineMethod, EngineResult } from '../shared/engineApi.ts';
import type { Report } from './report.ts';

export interface HostRequestOptions {
  signal?: AbortSignal;
  onNotification?(notification: EngineNotification): void;
  /** The request is sent again to a new process: what was told of it so far is void. */
  onRestart?(): void;
}

/** This window's engine: a process of its own, started with the first request and ended with the window. */
export interface HostEngine {
  request<M extends EngineMethod>(
    method: M,
    params: RequestParams<M>,
    options?: HostRequestOptions,
  ): Promise<EngineResult<M>>;
  /** Ends the process once nothing is under way; the next request starts another, with the settings of that time. */
  restart(): void;
  /** The process that runs now. */
  readonly pid: number | undefined;
  dispose(): Promise<void>;
}

/** What the user's settings say of the engine's process; empty and 0 where it has its own defaults. */
export interface EngineSettings {
  threads: number;
  device: DeviceChoice;
  cacheFolder: string;
  modelFolder: string;
}

/** `settings` are read whenever a process is started. */
export function createHostEngine(
  extensionFolder: string,
  settings: () => EngineSettings,
  log: LogOutputChannel,
  report: Report,
): HostEngine {
  let client: EngineClient | undefined;
  let underWay = 0;
  let isStale = false;
  let isDisposed = false;

  function start(): EngineClient {
    const { threads, device, cacheFolder, modelFolder } = settings();
    const started = startEngine({
      enginePath: join(extensionFolder, 'dist', 'engine.mjs'),
      args: [
        ...['--media', join(extensionFolder, 'media'), '--device', device],
        ...(threads > 0 ? ['--threads', String(threads)] : []),
        ...(cacheFolder ? ['--cache', cacheFolder] : []),
      ],
      env: {
        // On the desktop this process's executable is Electron; on a server it is Node itself.
        ...(process.versions.electron && { ELECTRON_RUN_AS_NODE: '1' }),
        ...(modelFolder && { HF_HUB_CACHE: modelFolder }),
      },
    });
    started.onNotice(({ level, message }) => (level === 'warning' ? report.warning(message) : log.info(message)));
    log.info(`engine started, process ${started.pid}`);
    started.onExit(report.engineLost);
    return started;
  }

  async function endStale(): Promise<void> {
    if (!isStale || underWay > 0) return;
    isStale = false;
    const old = client;
    client = undefined;
    if (old) log.info(`engine ended, process ${old.pid}`);
    await old?.dispose();
  }

  return {
    async request(method, params, { signal, onNotification, onRestart } = {}) {
      if (isDisposed) throw new Error('the window is closing');
      await endStale();
      client ??= start();
      underWay++;
      const started = performance.now();
      try {
        return await client.request(method, params, {
          signal,
          onNotification,
          retryOnce: () => {
            onRestart?.();
            // A training goes on from its checkpoint, everything else begins anew.
            return method === 'train' ? { ...params, resume: true } : params;
          },
        });
      } finally {
        underWay--;
        log.debug(`${method}: ${(performance.now() - started).toFixed(0)} ms`);
        void endStale();
      }
    },
    restart() {
      isStale = true;
      void endStale();
    },
    get pid() {
      return client?.pid;
    },
    async dispose() {
      isDisposed = true;
      await client?.dispose();
    },
  };
}
