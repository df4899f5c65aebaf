import { setTimeout as delay } from 'node:timers/promises';

/** Waits for conditions, each for so many milliseconds at most, and looks `every` so many. */
export function untilWithin(timeout: number, every = 200) {
  return async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    const end = Date.now() + timeout;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`it did not come to be: ${condition}`);
      await delay(every);
    }
  };
}
