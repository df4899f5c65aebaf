import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere, storageError } from './files.ts';
import { isProcessAlive } from './processes.ts';

/** The names that writeFileAtomic and writeFolderAtomic give to what is not yet, or no longer, the file itself. */
const staleName = /^(.+)\.(\d+)\.[0-9a-f]{8}\.(tmp|old)$/;

/**
 * Removes what a process that was killed left behind while it wrote within a folder. A folder that it was just replacing
 * is put back: the new one when that was whole, else the old one. What a living process writes is left alone.
 */
export async function removeStaleFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(error => {
    if (error.code === 'ENOENT') return [];
    throw storageError(error, folder);
  });
  const stale = entries.flatMap(({ name }) => {
    const [, file, pid, kind] = staleName.exec(name) ?? [];
    return file && !isProcessAlive(Number(pid)) ? [{ path: join(folder, name), target: join(folder, file), kind }] : [];
  });
  for (const { path, target, kind } of stale) {
    if (kind !== 'old' || (await isThere(target))) continue;
    // The old folder makes way only when the new one is whole.
    const replacement = path.replace(/\.old$/, '.tmp');
    await rename((await isThere(replacement)) ? replacement : path, target);
  }
  for (const { path } of stale) await rm(path, { recursive: true, force: true });
  for (const entry of entries)
    if (entry.isDirectory() && !staleName.test(entry.name)) await removeStaleFiles(join(folder, entry.name));
}
