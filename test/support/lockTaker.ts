import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withExpertLocks } from '../../src/experiment/locks.ts';
import { resultPaths } from '../../src/experiment/paths.ts';

/**
 * Tries to hold one expert after the other, each from a time on that all takers share, and writes down when it holds it.
 * Arguments: the output folder, the number of experts, the time of the first one, and milliseconds from one to the next.
 */
const [folder, rounds, begin, step] = process.argv.slice(2) as [string, string, string, string];
for (let round = 0; round < Number(rounds); round++) {
  const at = Number(begin) + round * Number(step);
  await delay(Math.max(0, at - Date.now() - 20));
  // All begin within the same millisecond.
  while (Date.now() < at);
  const tell = (text: string) => appendFileSync(join(folder, 'log'), `${round} ${text} ${process.pid}\n`);
  await withExpertLocks(resultPaths(folder), [`e${round}`], async () => {
    tell('in');
    await delay(Number(step) / 3);
    tell('out');
  }).catch(error => tell(`refused ${error.code}`));
}
