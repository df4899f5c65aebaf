import { copyFile, link, mkdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { storageError, writeFileAtomic } from '../../experiment/files.ts';
import { removeStaleFiles, temporaryNames } from '../../experiment/removeStaleFiles.ts';
import type { HubFile } from './baseFiles.ts';

/** Makes the folder of a commit out of files that are in the cache, in their order, and the name that stands for it. */
export async function linkSnapshot(
  { blobs, refs, snapshots }: { blobs: string; refs: string; snapshots: string },
  revision: string,
  commit: string,
  files: readonly HubFile[],
): Promise<string> {
  const folder = join(snapshots, commit);
  try {
    await mkdir(folder, { recursive: true });
    for (const place of [blobs, folder, dirname(join(refs, revision))]) await removeStaleFiles(place);
    for (const file of files) await mkdir(dirname(join(folder, file.path)), { recursive: true });
    for (const file of files) await linkFile(join(blobs, file.hash), join(folder, file.path), file.size);
  } catch (error) {
    throw storageError(error, folder);
  }
  if (revision !== commit) await writeFileAtomic(join(refs, revision), commit);
  return folder;
}

/** A relative link, so that the cache can be moved; where links are not allowed, as often on Windows, the file itself. */
async function linkFile(blob: string, path: string, size: number): Promise<void> {
  const present = await stat(path).catch(() => undefined);
  if (present?.size === size) return;
  const { temporary } = temporaryNames(path);
  try {
    await symlink(relative(dirname(path), blob), temporary, 'file')
      .catch(() => link(blob, temporary))
      .catch(() => copyFile(blob, temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
