import { randomBytes } from 'node:crypto';
import { access, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isProcessAlive, ownProcess } from './processes.ts';

/**
 * A name beside a file or folder for what is not yet it; and the one for what is no longer it, while the new one takes
 * its place. Both say which process is at it.
 */
export function temporaryNames(path: string): { temporary: string; old: string } {
  const { pid, start } = ownProcess;
  const owner = start ? `${pid}-${start}` : String(pid);
  const stem = `${path}.multi-lora-${owner}.${randomBytes(4).toString('hex')}`;
  return { temporary: `${stem}.tmp`, old: `${stem}.old` };
}

/** Without the mark: names that earlier versions gave, which could be those of another program too. */
const pattern = /^(.+?)\.(multi-lora-)?(\d+)(?:-(\d+))?\.[0-9a-f]{8}\.(tmp|old)$/s;

interface Leftover {
  name: string;
  /** The name that it was, or was going to be. */
  target: string;
  kind: 'tmp' | 'old';
  isMarked: boolean;
  isOwnerAlive: boolean;
}

async function leftoversIn(folder: string): Promise<Leftover[]> {
  // Where nothing can be read there is nothing to put away; whoever writes there says what is wrong.
  const names = await readdir(folder).catch(() => []);
  return names.flatMap(name => {
    const [, target, mark, pid, start, kind] = pattern.exec(name) ?? [];
    if (target === undefined) return [];
    const isOwnerAlive = isProcessAlive(Number(pid), start);
    return [{ name, target, kind: kind as Leftover['kind'], isMarked: mark !== undefined, isOwnerAlive }];
  });
}

/**
 * Removes what processes that were killed left in a folder while they wrote there, not in those below it. A folder that
 * was just being replaced is put back: the new one when that was whole, else the old one. What a living process writes
 * is left alone, and so is what others may have named alike.
 */
export async function removeStaleFiles(folder: string): Promise<void> {
  const all = await leftoversIn(folder);
  await putAway(
    folder,
    all.filter(({ isMarked }) => isMarked),
  );
}

/** Milliseconds between two looks at a folder that another process is just replacing, and how often it is looked. */
const pause = 20;
const looks = 50;

/** As removeStaleFiles, for what was left of one file or folder; one that is being replaced is waited for. */
export async function settle(path: string): Promise<void> {
  for (let look = 1; ; look++) {
    const all = (await leftoversIn(dirname(path))).filter(({ target }) => target === basename(path));
    await putAway(dirname(path), all);
    const isAway = all.some(({ kind, isOwnerAlive }) => kind === 'old' && isOwnerAlive);
    if (!isAway || look === looks || (await isThere(path))) return;
    await delay(pause);
  }
}

async function putAway(folder: string, all: Leftover[]): Promise<void> {
  const stale = all.filter(({ isOwnerAlive }) => !isOwnerAlive);
  for (const { name, target, kind } of stale) {
    if (kind !== 'old' || (await isThere(join(folder, target)))) continue;
    // The old folder makes way only when the new one is whole.
    const replacement = name.replace(/old$/, 'tmp');
    const source = (await isThere(join(folder, replacement))) ? replacement : name;
    const isBack = await rename(join(folder, source), join(folder, target)).then(
      () => true,
      // Another reader may have put it back meanwhile.
      () => isThere(join(folder, target)),
    );
    // Nothing is removed that is still the only one: the folder may be read-only.
    if (!isBack) return;
  }
  for (const { name } of stale)
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {
      // It belongs to another user, or the folder is not writable.
    });
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
