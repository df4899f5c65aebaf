import { existsSync } from 'node:fs';
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkbenchError } from '../protocol/errors.ts';
import { makeWritableFolder } from './files.ts';
import type { ResultPaths } from './paths.ts';
import { isProcessAlive } from './processes.ts';

/** Milliseconds between a holder's signs of life, and how long after the last one it counts as gone. */
const heartbeat = 5_000;
const gone = 60_000;
/** The same for a holder whose thread may be busy with one long computation. */
const busyGone = 600_000;
/** Milliseconds between two looks at a lock that another holds. */
const pause = 250;

/**
 * Runs `work` while no other process does so under the same name: a file that holds who has it. That of a process that
 * ended is taken over. Throws the signal's reason when aborted while waiting.
 */
export async function withFileLock<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  while (!(await take(path))) {
    if (await isStale(path, gone)) await putAway(path);
    else await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  return hold(path, work);
}

/**
 * Runs `work` while no other process does so under the same name, and throws what `taken` says of the process that holds
 * it. The holder may block its thread for minutes.
 */
async function withFreeLock<T>(path: string, taken: (pid: number) => Error, work: () => Promise<T>): Promise<T> {
  if (await take(path)) return hold(path, work);
  if (await isStale(path, busyGone)) await putAway(path);
  if (await take(path)) return hold(path, work);
  throw taken(Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10));
}

/** Whether a process that lives holds it. */
export async function isHeld(path: string): Promise<boolean> {
  return existsSync(path) && !(await isStale(path, gone));
}

async function hold<T>(path: string, work: () => Promise<T>): Promise<T> {
  const alive = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {
      // Others may then take it over; the hash of what is written still decides.
    });
  }, heartbeat).unref();
  try {
    return await work();
  } finally {
    clearInterval(alive);
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid} ${hostname()}`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string, goneAfter: number): Promise<boolean> {
  const [text, info] = await Promise.all([
    readFile(path, 'utf8').catch(() => undefined),
    stat(path).catch(() => undefined),
  ]);
  // It was released meanwhile.
  if (text === undefined || !info) return false;
  const [pid, host] = text.split(' ');
  if (pid && host === hostname() && !isProcessAlive(Number(pid))) return true;
  return Date.now() - info.mtimeMs > goneAfter;
}

/** Of several that see the same stale lock, one succeeds in renaming it. */
async function putAway(path: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  await rename(path, aside).catch(error => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(aside, { force: true });
}

/** Holds experts while they are trained. Throws `busy` where another engine trains one of them. */
export async function withExpertLocks<T>(
  paths: ResultPaths,
  experts: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const [expert, ...others] = experts;
  if (expert === undefined) return work();
  const lock = paths.expertLock(expert);
  await makeWritableFolder(dirname(lock));
  return withFreeLock(
    lock,
    pid =>
      new WorkbenchError(
        'busy',
        `expert '${expert}' is being trained by another engine, process ${pid}`,
        'Wait until it is done, or stop it there.',
      ),
    () => withExpertLocks(paths, others, work),
  );
}
