/** A thread of the extension host that reads what recipes speak of: datasets are parsed and tokenised without a pause in typing. */
import { parentPort } from 'node:worker_threads';
import { type FactKind, readFacts } from '../../experiment/readFacts.ts';

export interface FactRequest {
  id: number;
  kind: FactKind;
  request: never;
}

export interface FactAnswer {
  id: number;
  fact?: unknown;
  /** What no reader foresaw. */
  error?: string;
}

parentPort?.on('message', async ({ id, kind, request }: FactRequest) => {
  try {
    parentPort!.postMessage({ id, fact: await readFacts[kind](request) } satisfies FactAnswer);
  } catch (error) {
    parentPort!.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies FactAnswer);
  }
});
