import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { isWithinFolder } from '../../experiment/isWithinFolder.ts';
import type { FactKind, FactRequests } from '../../experiment/readFacts.ts';
import type { FactAnswer, FactRequest } from './factWorker.ts';

/** What was read of files, for as long as they do not change. */
export interface FactCache {
  /**
   * A fact as far as it is known. Whether the file it comes from has changed is looked up meanwhile, and `changed` called
   * when there is news. Where `within` is a folder, a file elsewhere is not looked up, and nothing is known of it.
   */
  get<K extends FactKind>(
    kind: K,
    request: FactRequests[K][0],
    file: string,
    within?: string,
  ): FactRequests[K][1] | undefined;
  /** Resolves when all that was asked for has been read. */
  settled(): Promise<void>;
  dispose(): void;
}

interface Entry {
  /** When the file was written, and its size. */
  stamp?: string;
  fact?: unknown;
  /** While it is looked up. */
  reading?: Promise<void>;
}

/** `workerPath`: the built factWorker.ts, started when something is to be read. */
export function createFactCache(workerPath: string, changed: () => void, warn: (message: string) => void): FactCache {
  const entries = new Map<string, Entry>();
  const waiting = new Map<number, (answer: FactAnswer) => void>();
  let worker: Worker | undefined;
  let lastId = 0;

  function start(): Worker {
    const started = new Worker(workerPath);
    started.unref();
    started.on('message', (answer: FactAnswer) => waiting.get(answer.id)?.(answer));
    started.on('error', error => {
      worker = undefined;
      for (const [id, settle] of waiting) settle({ id, error: error.message });
    });
    return started;
  }

  async function read(kind: FactKind, request: unknown): Promise<unknown> {
    worker ??= start();
    const id = ++lastId;
    const answer = await new Promise<FactAnswer>(resolve => {
      waiting.set(id, resolve);
      worker!.postMessage({ id, kind, request: request as never } satisfies FactRequest);
    });
    waiting.delete(id);
    if (answer.error) warn(`${kind} of a recipe could not be read: ${answer.error}`);
    return answer.fact;
  }

  async function refresh(entry: Entry, kind: FactKind, request: unknown, file: string, within?: string): Promise<void> {
    if (within !== undefined && !isWithinFolder(file, within)) {
      entry.reading = undefined;
      return;
    }
    const info = await stat(file).catch(() => undefined);
    const stamp = info ? `${info.mtimeMs} ${info.size}` : 'missing';
    const isNew = stamp !== entry.stamp;
    if (isNew) {
      entry.fact = await read(kind, request);
      entry.stamp = stamp;
    }
    entry.reading = undefined;
    if (isNew) changed();
  }

  return {
    get(kind, request, file, within) {
      const key = `${kind} ${JSON.stringify(request)}`;
      let entry = entries.get(key);
      if (!entry) {
        entry = {};
        entries.set(key, entry);
      }
      entry.reading ??= refresh(entry, kind, request, file, within);
      return entry.fact as never;
    },
    async settled() {
      await Promise.all([...entries.values()].map(entry => entry.reading));
    },
    dispose() {
      void worker?.terminate();
    },
  };
}
