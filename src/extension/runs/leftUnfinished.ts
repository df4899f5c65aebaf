import { setTimeout as delay } from 'node:timers/promises';
import type { RunFolder } from '../../experiment/runs.ts';

/** Looks at a run whose process is gone, after which no other window starts it again: it would have done so by now. */
const mostLooks = 5;

/**
 * Waits while somebody runs it; then tells whether it was left before its end, and nobody goes on with it. A process that
 * was killed may belong to another window of the workspace, which starts the next by itself. `pause` is in milliseconds,
 * between two looks.
 */
export async function isLeftUnfinished(folder: RunFolder, pause: number): Promise<boolean> {
  for (let looks = 1; ; looks++) {
    const record = await folder.record();
    if (record?.state === 'running') looks = 0;
    else if (record?.state !== 'interrupted') return false;
    else if (!record.isGone || looks > mostLooks) return true;
    await delay(pause);
  }
}
