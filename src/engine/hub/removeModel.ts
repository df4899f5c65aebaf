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
  await checkPlaces([join(snapshots, '..'), blobs, refs, snapshots]);
  // What a commit that is a link uses of the files would not be known.
  await checkPlaces((await names(snapshots)).map(name => join(snapshots, name)));
  if (!(await names(snapshots)).includes(commit))
    throw new WorkbenchError('notFound', `${snapshot} is not there`, 'It may have been deleted already.');
  for (const name of await names(blobs))
    if (wholeOrPartial.test(name) && name.endsWith('.lock') && (await isHeld(join(blobs, name))))
      throw new WorkbenchError(
        'busy',
        `${repo} is being downloaded`,
        'Delete it when that has ended, or stop it first.',
      );
  try {
    const before = await bytesIn(blobs, snapshot);
    // Names first: what is half deleted is no model any more.
    for (const ref of await names(refs)) {
      const path = join(refs, ref);
      if (!(await isFile(path))) continue;
      if ((await readFile(path, 'utf8').catch(() => '')).trim() === commit) await rm(path, { force: true });
    }
    // Links are removed, not followed.
    await rm(snapshot, { recursive: true });
    const used = await linkedBlobs(snapshots);
    const isOfAnother = (await names(snapshots)).length > 0;
    for (const blob of await names(blobs)) {
      const path = join(blobs, blob);
      // Those of other commits, a download of another one that may go on, and what somebody else put there.
      if (!(isOfAnother ? whole : wholeOrPartial).test(blob) || !(await isFile(path))) continue;
      if (!used.has(await realpath(path))) await rm(path, { force: true });
    }
    const freed = before - (await bytesIn(blobs, snapshot));
    if (!isOfAnother) for (const folder of [snapshots, blobs, refs, join(refs, '..')]) await rmdir(folder).catch(kept);
    return { bytes: freed };
  } catch (error) {
    throw storageError(error, snapshot);
  }
}

/** Names of files under their hashes, and of what downloads of theirs leave; Python's leave `.incomplete`. */
const whole = /^[0-9a-f]+$/;
const wholeOrPartial = /^[0-9a-f]+(\.(multi-lora|partial|incomplete|lock))*$/;

/** A folder in which something else lies stays, and a link that leads nowhere leads to no blob. */
function kept(): void {}

/** The files that snapshots link to. Folders are gone through, links to folders are not. */
async function linkedBlobs(snapshots: string): Promise<Set<string>> {
  const found = new Set<string>();
  const look = async (folder: string) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await look(path);
      else await realpath(path).then(real => found.add(real), kept);
    }
  };
  if ((await names(snapshots)).length > 0) await look(snapshots);
  return found;
}

/** Throws `badRequest` where a part of a model's folder is a link: what it leads to is not of the cache. */
async function checkPlaces(places: string[]): Promise<void> {
  for (const place of places)
    if (await isLink(place))
      throw new WorkbenchError(
        'badRequest',
        `${place} is a link, and nothing is deleted through links`,
        'Delete the link, and what it leads to, yourself.',
      );
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    info => info.isSymbolicLink(),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return lstat(path).then(
    info => info.isFile(),
    () => false,
  );
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
