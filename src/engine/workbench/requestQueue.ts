import { WorkbenchError } from '../../protocol/errors.ts';

/** A lane on which one request runs at a time and the others wait for their turn. */
export interface RequestQueue {
  /**
   * Runs the work when all that came before is done. Throws `busy` when the queue is full, and the signal's reason when
   * it aborts before the work has begun; work that has begun ends by itself.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Whether somebody waits for their turn. */
  isWaitedFor(): boolean;
}

export function createRequestQueue(limit = 32): RequestQueue {
  const waiting: (() => void)[] = [];
  let isBusy = false;

  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(begin), 1);
        reject(signal.reason);
      };
      waiting.push(begin);
      signal.addEventListener('abort', leave, { once: true });
    });

  return {
    isWaitedFor: () => waiting.length > 0,

    async run(work, signal) {
      signal.throwIfAborted();
      if (isBusy) {
        if (waiting.length >= limit)
          throw new WorkbenchError(
            'busy',
            `${limit} requests are waiting already`,
            'Try again when some of them are done.',
          );
        await turn(signal);
      }
      isBusy = true;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        // The lane stays taken while it is handed on, so that nobody slips in between.
        if (next) next();
        else isBusy = false;
      }
    },
  };
}
