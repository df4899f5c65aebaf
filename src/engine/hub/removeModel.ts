import { lstat, readdir, readFile, realpath, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { storageError } from '../../experiment/files.ts';
import { hubCacheFolder, isCommit, repoFolders } from '../../experiment/hubCache.ts';
import { isHeld } from '../../experiment/locks.ts';
import { parseRepoName } from '../../hub/repoName.ts';
import type { RemoveModelRequest, RemoveModelResult } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

/**
 * Deletes one commit of a model from the Hugging Face cache: its snapshot, the names that stand for it, and those blobs
 * that no other snapshot links to. Nothing outside of the model's own folder is touched, wherever links lead. Throws
 * `badRequest` for names that could lead elsewhere, `notFound` where there is no such commit, `busy` while files of the
 * model are downloaded.
 */
export async function removeModel(
  { repo, commit }: RemoveModelRequest,
  cacheFolder = hubCacheFolder(),
): Promise<RemoveModelResult> {
  if (parseRepoName(repo)?.repo !== repo || !isCommit(commit))
    throw new WorkbenchError('badRequest', `'${repo}' at '${commit}' names no model of the cache`);
  const { blobs, refs, snapshots } = repoFolders(cacheFolder, repo);
  const snapshot = join(snapshots, commit);
  if (!(await names(snapshots)).includes(commit))
    throw new WorkbenchError('notFound', `${snapshot} is not there`, 'It may have been deleted already.');
  for (const name of await names(blobs))
    if (name.endsWith('.lock') && (await isHeld(join(blobs, name))))
      throw new WorkbenchError(
        'busy',
        `${repo} is being downloaded`,
        'Delete it when that has ended, or stop it first.',
      );
  try {
    const before = await bytesIn(blobs, snapshot);
    // Names first: what is half deleted is no model any more.
    for (const ref of await names(refs)) {
      const named = await readFile(join(refs, ref), 'utf8').catch(() => '');
      if (named.trim() === commit) await rm(join(refs, ref), { force: true });
    }
    // Links are removed, not followed.
    await rm(snapshot, { recursive: true });
    const used = await linkedBlobs(snapshots);
    const isOfAnother = (await names(snapshots)).length > 0;
    for (const blob of await names(blobs)) {
      const path = join(blobs, blob);
      // Those of other commits, and a download of another one that may go on.
      if (used.has(await realpath(path)) || (isOfAnother && !/^[0-9a-f]+$/.test(blob))) continue;
      await rm(path, { force: true });
    }
    const freed = before - (await bytesIn(blobs, snapshot));
    if (!isOfAnother) for (const folder of [snapshots, blobs, refs, join(refs, '..')]) await rmdir(folder).catch(kept);
    return { bytes: freed };
  } catch (error) {
    throw storageError(error, snapshot);
  }
}

/** A folder in which something else lies stays. */
function kept(): void {}

/** The files that snapshots link to. */
async function linkedBlobs(snapshots: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const commit of await names(snapshots))
    for (const file of await readdir(join(snapshots, commit), { recursive: true })) {
      const path = await realpath(join(snapshots, commit, file)).catch(() => undefined);
      if (path) found.add(path);
    }
  return found;
}

/** Bytes of regular files, not of what is linked to; what has two names counts once. */
async function bytesIn(...folders: string[]): Promise<number> {
  const files = new Map<string, number>();
  for (const folder of folders)
    for (const name of await names(folder)) {
      const info = await lstat(join(folder, name)).catch(() => undefined);
      if (info?.isFile()) files.set(`${info.dev} ${info.ino}`, info.size);
    }
  return [...files.values()].reduce((sum, size) => sum + size, 0);
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(error => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}
