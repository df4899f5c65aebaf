import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isRunning } from './programs.ts';

/**
 * A folder that is made once, whichever test file asks first: they run side by side, one makes it, the others wait. It is
 * made beside its place and moved there when it is whole.
 */
export function makeOnce(folder: string, make: (partial: string) => void): void {
  const partial = `${folder}.${process.pid}`;
  while (!existsSync(folder)) {
    const unlock = lock(`${folder}.lock`);
    if (!unlock) continue;
    try {
      if (existsSync(folder)) return;
      mkdirSync(partial, { recursive: true });
      make(partial);
      renameSync(partial, folder);
    } finally {
      rmSync(partial, { recursive: true, force: true });
      unlock();
    }
  }
}

/** Takes a lock and returns what gives it back; undefined, after a while, where another process holds it. */
function lock(path: string): (() => void) | undefined {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return () => rmSync(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    const holder = holderOf(path);
    if (holder && !isRunning(holder)) rmSync(path, { force: true });
    return undefined;
  }
}

/** The process that holds a lock; 0 where it gave it back, or has not written its number yet. */
function holderOf(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
}
