import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { WorkbenchError } from '../protocol/errors.ts';
import type { Serving } from './completions/answerCall.ts';
import { createApp } from './createApp.ts';
import { isLoopback } from './http/guards.ts';
import { createMetrics } from './http/metrics.ts';
import { createServed, type Source } from './models/served.ts';
import type { ServerEngine } from './models/serverEngine.ts';

export interface ServerOptions {
  source: Source;
  /** Adapters beside those of the recipe: name → folder. */
  adapters?: Record<string, string>;
  /** 127.0.0.1 without it. */
  host?: string;
  /** 0 for any that is free. */
  port: number;
  /** Needed where the host is not this machine alone. */
  apiKey?: string;
}

export interface RunningServer {
  /** What clients are told as their base URL. */
  url: string;
  /** What can be asked, by the names that requests use. */
  models: string[];
  /** Requests under way end with an error. */
  close(): Promise<void>;
}

/** Milliseconds that clients have to read the end of their answers. */
const patience = 1000;

/**
 * Serves an engine over HTTP; the engine is the caller's, and stays.
 * @throws WorkbenchError what is wrong with the recipe, the base or an adapter; `denied` for an open address without a
 *   key, `network` for one that cannot be had.
 */
export async function startServer(engine: ServerEngine, options: ServerOptions): Promise<RunningServer> {
  const { source, adapters = {}, host = '127.0.0.1', port, apiKey } = options;
  if (!isLoopback(host) && !apiKey)
    throw new WorkbenchError(
      'denied',
      `${host} can be reached from other machines, so the server needs a key there`,
      'Set one with --api-key or MULTI_LORA_API_KEY.',
    );
  const served = await createServed(engine, source);
  for (const [name, folder] of Object.entries(adapters)) await served.addAdapter(name, folder);
  const serving: Serving = { engine, served, metrics: createMetrics(), underWay: new Set() };
  const app = createApp(serving, { apiKey, isLoopback: isLoopback(host) });
  const server = createAdaptorServer({ fetch: app.fetch });
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', error => reject(listenError(error, host, port)));
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
  return {
    url: `http://${urlHost(host)}:${address.port}/v1`,
    models: (await served.models()).map(model => model.id),
    async close() {
      const closed = once(server, 'close');
      // It waits for clients to read the end of their answers, some of which never do.
      server.close();
      for (const call of serving.underWay) call.abort(new WorkbenchError('engineLost', 'the server is ending'));
      await Promise.race([closed, delay(patience, undefined, { ref: false })]);
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}

/** All addresses of a machine are reached by one of them. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): WorkbenchError {
  if (error.code === 'EADDRINUSE')
    return new WorkbenchError(
      'network',
      `port ${port} of ${host} is taken by another program`,
      'Choose another, or 0 for any.',
    );
  return new WorkbenchError('network', `${host}:${port} cannot be served: ${error.message}`);
}
