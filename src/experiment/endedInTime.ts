import { Script } from 'node:vm';

/** Where the script finds what it is to run. */
const place = Symbol.for('multiLora.endedInTime');
const script = new Script("globalThis[Symbol.for('multiLora.endedInTime')]()");

/**
 * Runs what may not come to an end, and ends it after so many milliseconds: V8 interrupts loops and regular expressions.
 * It takes about 0.1 ms, for a watchdog's thread. Throws what the work throws, and what `late` makes where it was ended.
 */
export function endedInTime<T>(work: () => T, milliseconds: number, late: () => Error): T {
  let result: T | undefined;
  const global = globalThis as { [place]?: () => void };
  global[place] = () => {
    result = work();
  };
  try {
    script.runInThisContext({ timeout: Math.max(1, Math.ceil(milliseconds)) });
  } catch (error) {
    throw (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? late() : error;
  } finally {
    delete global[place];
  }
  return result as T;
}
