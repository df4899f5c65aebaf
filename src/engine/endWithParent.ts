import { Worker } from 'node:worker_threads';

/** Milliseconds between two looks at the parent. */
const every = 200;

/**
 * Ends this process when the one that started it has ended, however that ended, and even while a graph execution or a
 * call of a built-in method blocks the JavaScript thread: another thread looks after the parent. `graceMs` are left to
 * end in order.
 *
 * Ctrl-C in a terminal reaches all of its processes; here it does nothing, because the first of them decides what it
 * means.
 */
export function endWithParent(graceMs = 0): void {
  process.on('SIGINT', () => {});
  const watcher = new Worker(watch, {
    eval: true,
    workerData: { parent: process.ppid, every, graceMs },
    // Not the options of this process, such as a loader of TypeScript.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
  });
  watcher.unref();
}

// As text, so that it is found from sources and bundles alike. A process whose parent ends is given another on POSIX;
// on Windows it keeps the number of the one that is gone.
const watch = `
const { parent, every, graceMs } = require('node:worker_threads').workerData;
const isGone = () => {
  if (process.ppid !== parent) return true;
  try {
    process.kill(parent, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
};
const timer = setInterval(() => {
  if (!isGone()) return;
  clearInterval(timer);
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs);
}, every);
`;
