import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Example } from '../../data/example.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { startThread } from '../childProgram.ts';
import { type RefusedExample, splitExamples, type TokenizedExample } from './encodedExamples.ts';
import type { EncodedPart, EncodePart, EncodeThreadData } from './encodeThread.ts';

/** Each thread has a tokenizer of its own, which takes up to 300 MB where the vocabulary is large. */
const mostThreads = 8;
const examplesPerPart = 1_000;

/** How many threads tokenise this many examples; 0 where the time to start one would be lost. */
export function threadsFor(examples: number): number {
  const threads = Math.min(mostThreads, availableParallelism(), Math.floor(examples / examplesPerPart));
  return examples >= 5 * examplesPerPart && threads > 1 ? threads : 0;
}

/** As encodeEach, in the same order. Threads end with the work, with the first error, and when the signal aborts. */
export async function encodeInThreads(
  examples: readonly Example[],
  data: EncodeThreadData,
  threads: number,
  watch?: WorkWatch,
): Promise<(TokenizedExample | RefusedExample)[]> {
  watch?.signal?.throwIfAborted();
  const parts = Math.ceil(examples.length / examplesPerPart);
  const results: (TokenizedExample | RefusedExample)[][] = new Array(parts);
  let [given, done] = [0, 0];
  const workers = Array.from({ length: threads }, () => startThread('encodeThread', import.meta.url, data));
  try {
    await new Promise<void>((resolve, reject) => {
      watch?.signal?.addEventListener('abort', () => reject(watch.signal!.reason), { once: true });
      const give = (worker: Worker) => {
        if (given === parts) return;
        const part = given++;
        const some = examples.slice(part * examplesPerPart, (part + 1) * examplesPerPart);
        const plain = some.map(({ messages, isText, fill, tools }) => ({
          messages,
          ...(isText && { isText }),
          ...(fill && { fill }),
          ...(tools && { tools }),
        }));
        worker.postMessage({ part, examples: plain } satisfies EncodePart);
      };
      watch?.progress?.(0, examples.length);
      for (const worker of workers) {
        worker.on('error', reject);
        worker.on('exit', code => reject(new Error(`a thread that tokenises ended with ${code}`)));
        worker.on('message', (answer: EncodedPart) => {
          if ('error' in answer) {
            const { code, message, hint } = answer.error;
            return reject(new WorkbenchError(code, message, hint));
          }
          results[answer.part] = inOrder(answer);
          done += results[answer.part]!.length;
          watch?.progress?.(done, examples.length);
          if (done === examples.length) resolve();
          else give(worker);
        });
        give(worker);
      }
    });
  } finally {
    for (const worker of workers) worker.removeAllListeners('exit');
    await Promise.all(workers.map(worker => worker.terminate()));
  }
  return results.flat();
}

/** The examples of a part, each refused one in its place. */
function inOrder({ part, encoded, refused }: Exclude<EncodedPart, { error: object }>) {
  const all: (TokenizedExample | RefusedExample)[] = [...splitExamples(encoded)];
  for (const each of refused) all.splice(each.index, 0, { ...each, index: part * examplesPerPart + each.index });
  return all;
}
