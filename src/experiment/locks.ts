import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, open, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkbenchError } from '../protocol/errors.ts';
import { checkNoLinks } from './checkResults.ts';
import { makeWritableFolder, storageError } from './files.ts';
import type { ResultPaths } from './paths.ts';
import { isProcessAlive, ownProcess, type ProcessIdentity } from './processes.ts';
import { temporaryNames } from './removeStaleFiles.ts';

/** Milliseconds between a holder's signs of life, and how long after the last one it counts as gone. */
const heartbeat = 5_000;
const gone = 60_000;
/** The same for a holder whose thread may be busy with one long computation. */
const busyGone = 600_000;
/** Milliseconds between two looks at a lock that another holds. */
const pause = 250;
/** Milliseconds in which a lock gets its holder's name where the file system cannot give it both at once. */
const writing = 500;
/** No lock is longer, in bytes. */
const mostBytes = 1000;

/**
 * Runs `work` while no other process does so under the same name: a file that holds who has it. That of a process that
 * ended is taken over. Throws the signal's reason when aborted while waiting, `storage` where what has the lock's name is
 * no lock.
 */
export async function withFileLock<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const own = await lockText(path, async (text, file) => {
    while (await take(path, file, gone)) await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    return text;
  });
  return hold(path, own, work);
}

/**
 * Runs `work` while no other process does so under the same name, and throws what `taken` says of the process that holds
 * it. The holder may block its thread for minutes.
 */
async function withFreeLock<T>(
  path: string,
  taken: (holder: ProcessIdentity) => Error,
  work: () => Promise<T>,
): Promise<T> {
  const own = await lockText(path, async (text, file) => {
    const holder = await take(path, file, busyGone);
    if (holder) throw taken(holder);
    return text;
  }).catch(error => {
    throw storageError(error, path);
  });
  return hold(path, own, work);
}

/** Whether a process that lives holds it. */
export async function isHeld(path: string): Promise<boolean> {
  const lock = await readLock(path).catch(() => undefined);
  return lock?.holder !== undefined && !isGone(lock.holder, lock.touched, gone);
}

/** Writes a lock of this process's beside its place, where it stays while `use` works. */
async function lockText<T>(path: string, use: (text: string, file: string) => Promise<T>): Promise<T> {
  const { pid, host, start, namespace } = ownProcess;
  // No two locks are alike, so that one can be told from another that took its place.
  const text = `${pid} ${host} ${start || '-'} ${namespace || '-'} ${randomBytes(8).toString('hex')}`;
  const file = temporaryNames(path).temporary;
  try {
    await writeFile(file, text, { flag: 'wx' });
    return await use(text, file);
  } finally {
    await rm(file, { force: true });
  }
}

async function hold<T>(path: string, own: string, work: () => Promise<T>): Promise<T> {
  const alive = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {
      // Another machine may then take it over; the hash of what is written still decides.
    });
  }, heartbeat).unref();
  try {
    return await work();
  } finally {
    clearInterval(alive);
    const now = await readLock(path).catch(() => undefined);
    if (now?.text === own) await rm(path, { force: true });
  }
}

/**
 * Gives the file, which says who takes it, the lock's name too; returns who holds it where somebody that lives does.
 *
 * A lock appears under its name together with what it holds. That of a holder that is gone is replaced, never removed, by
 * whoever has the right to do so, and that right is a lock as well: it is named after the very lock that is dead, so that
 * it is of no use for the one that comes after. Hence one process alone replaces a dead lock, whoever looks when. A
 * holder of the right that dies is itself a dead lock.
 */
async function take(path: string, file: string, goneAfter: number): Promise<ProcessIdentity | undefined> {
  for (;;) {
    if (await placeNew(file, path)) return undefined;
    const lock = await readLock(path);
    // It was released meanwhile.
    if (!lock) continue;
    if (lock.holder && !isGone(lock.holder, lock.touched, goneAfter)) return lock.holder;
    if (!lock.holder) {
      await delay(writing);
      if ((await readLock(path))?.key !== lock.key) continue;
    }
    const right = `${path}.${lock.key}`;
    const other = await take(right, file, goneAfter);
    if (other) return other;
    try {
      if ((await readLock(path))?.key !== lock.key) continue;
      await replace(file, path);
    } finally {
      await rm(right, { force: true });
    }
    await removeRights(path);
    return undefined;
  }
}

/** A second name for a file, unless something has that name. */
async function placeNew(file: string, path: string): Promise<boolean> {
  try {
    // It may have waited for long, and begins to be held now.
    await utimes(file, new Date(), new Date());
    await link(file, path).catch(error => {
      if (!withoutLinks.has(error.code)) throw error;
      return copyFile(file, path, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What file systems that know no second name for a file say, as those of many USB sticks. */
const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

async function replace(file: string, path: string): Promise<void> {
  const { temporary } = temporaryNames(path);
  try {
    await placeNew(file, temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Rights to replace what is no longer there, of processes that were killed between two steps. */
async function removeRights(path: string): Promise<void> {
  const stem = `${basename(path)}.`;
  for (const name of await readdir(dirname(path)))
    if (name.startsWith(stem) && /^[0-9a-f]{16}(\.[0-9a-f]{16})*$/.test(name.slice(stem.length)))
      await rm(join(dirname(path), name), { force: true });
}

interface Lock {
  text: string;
  /** Tells it from any other that has or had its name. */
  key: string;
  /** Undefined where it says nothing: the disk was full, or the machine lost its power. */
  holder: ProcessIdentity | undefined;
  /** Milliseconds since 1970. */
  touched: number;
}

/** Undefined where there is none. Throws `storage` for what is no lock, which is left alone. */
async function readLock(path: string): Promise<Lock | undefined> {
  try {
    if (!(await lstat(path)).isFile()) throw noLock(path, 'is no file');
    const file = await open(path);
    try {
      const { ino, mtimeMs } = await file.stat();
      const bytes = Buffer.alloc(mostBytes);
      const { bytesRead } = await file.read(bytes, 0, mostBytes, 0);
      const text = bytes.toString('utf8', 0, bytesRead);
      const key = createHash('sha256').update(`${ino} ${text}`).digest('hex').slice(0, 16);
      return { text, key, holder: holderOf(text, path), touched: mtimeMs };
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Earlier versions wrote number and machine alone. */
function holderOf(text: string, path: string): ProcessIdentity | undefined {
  if (/^[\0\s]*$/.test(text)) return undefined;
  const [, pid, host, start = '-', namespace = '-'] =
    /^(\d+)(?: (\S+)(?: (\d+|-) (\d+|-) [0-9a-f]+)?)?\s*$/.exec(text) ?? [];
  if (pid === undefined) throw noLock(path, 'holds something else than a lock');
  const known = (part: string) => (part === '-' ? '' : part);
  return { pid: Number(pid), host: host ?? ownProcess.host, start: known(start), namespace: known(namespace) };
}

function noLock(path: string, what: string): WorkbenchError {
  return new WorkbenchError(
    'storage',
    `${path} ${what}; nothing else may have the name of this lock`,
    'It was left as it is: move it elsewhere, or delete it.',
  );
}

function isGone({ pid, host, start, namespace }: ProcessIdentity, touched: number, goneAfter: number): boolean {
  const age = Date.now() - touched;
  const isHere = host === ownProcess.host && (namespace === '' || namespace === ownProcess.namespace);
  // The clocks of two machines may differ, so that a time to come says nothing.
  if (!isHere) return age > goneAfter;
  if (!isProcessAlive(pid, start)) return true;
  // Its number alone may be another program's by now; and what this clock wrote in a time to come was before it went back.
  return start === '' && Math.abs(age) > goneAfter;
}

/**
 * Holds experts while they are trained. Throws `busy` where another engine trains one of them, `storage` where what has a
 * lock's name is none.
 */
export async function withExpertLocks<T>(
  paths: ResultPaths,
  experts: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const [expert, ...others] = experts;
  if (expert === undefined) return work();
  return withResultLock(paths, paths.expertLock(expert), `expert '${expert}' is being trained`, () =>
    withExpertLocks(paths, others, work),
  );
}

/** Holds a sweep while its points are trained. Throws as withExpertLocks. */
export async function withSweepLock<T>(paths: ResultPaths, lock: string, work: () => Promise<T>): Promise<T> {
  return withResultLock(paths, lock, 'this sweep is being made', work);
}

async function withResultLock<T>(paths: ResultPaths, lock: string, what: string, work: () => Promise<T>): Promise<T> {
  await checkNoLinks(paths.parts);
  await makeWritableFolder(dirname(lock));
  return withFreeLock(
    lock,
    ({ pid, host }) =>
      new WorkbenchError(
        'busy',
        `${what} by another engine, process ${pid}${host === ownProcess.host ? '' : ` on ${host}`}`,
        host === ownProcess.host
          ? 'Wait until it is done, or stop it there.'
          : `Wait until it is done, or stop it there; if it does not run any more, delete ${lock}.`,
      ),
    work,
  );
}
