import { type EngineClient, type RequestOptions, startEngine } from '../../client/engineClient.ts';
import { answeringMethods } from '../../protocol/engine/answeringMethods.ts';
import type { EngineMethod, EngineParams, EngineResult } from '../../protocol/engine/engineApi.ts';
import { enginePath, mediaFolder } from './packagePaths.ts';
import type { Terminal } from './terminal.ts';

/** The engine process of one command. */
export interface CliEngine {
  /**
   * As the client's; a request that the process did not survive is sent once more, and the user is told. Without a signal
   * of its own it is given up with the command.
   */
  request<M extends EngineMethod>(
    method: M,
    params: EngineParams<M>,
    options?: Pick<RequestOptions<M>, 'signal' | 'onProgress'>,
  ): Promise<EngineResult<M>>;
  dispose(): Promise<void>;
  kill(): void;
}

/** What the user asked for; the engine has defaults. */
export interface CliEngineOptions {
  threads: number | undefined;
  device: string | undefined;
  'memory-limit': string | undefined;
}

/**
 * The engine of a command; the process is started with the first request. `servers` are the origins that may get prompts, where
 * it is not for the user alone to say.
 */
export function createCliEngine(
  terminal: Terminal,
  signal: AbortSignal,
  options: CliEngineOptions,
  servers?: readonly string[],
): CliEngine {
  let client: EngineClient | undefined;
  const start = () => {
    const given = Object.entries(options).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, String(value)],
    );
    const engine = startEngine({
      enginePath,
      // Run from source, the engine needs the same loader as this process.
      execArgv: process.execArgv,
      args: ['--media', mediaFolder, ...given],
    });
    engine.onNotice(({ level, message }) => {
      if (level === 'warning') terminal.note(message);
    });
    return engine;
  };
  return {
    request(method, params, { onProgress, signal: own } = {}) {
      client ??= start();
      const asked = servers && answeringMethods.has(method) ? { ...params, servers: [...servers] } : params;
      return client.request(method, asked, {
        signal: own ? AbortSignal.any([signal, own]) : signal,
        onProgress,
        onRestart(lost) {
          terminal.note(lost.message);
          terminal.note(
            method === 'train' ? 'starting it again and going on from the last checkpoint' : 'starting it again',
          );
        },
      });
    },
    dispose: async () => client?.dispose(),
    kill: () => client?.kill(),
  };
}
