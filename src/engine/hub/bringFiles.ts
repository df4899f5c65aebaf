import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeWritableFolder } from '../../experiment/files.ts';
import type { DownloadProgress } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubFile } from './baseFiles.ts';
import { trackDownload } from './downloadProgress.ts';
import { fetchBlob, missingBytes, removePartials } from './fetchBlob.ts';
import type { HubFetch } from './hubFetch.ts';
import { fileLimits, type HubLimits } from './hubLimits.ts';
import { fileUrl, type HubPlace } from './hubTree.ts';
import { linkSnapshot } from './linkSnapshot.ts';

export interface HubDownload {
  endpoint: string;
  token?: string;
  proxy?: string;
  cacheFolder: string;
  signal: AbortSignal;
  onProgress(progress: DownloadProgress): void;
  retryWaits?: readonly number[];
  limits?: Partial<HubLimits>;
}

/** A commit of a repository, and where its files go. */
export interface HubCommit {
  place: HubPlace;
  /** What stands for the commit. */
  revision: string;
  commit: string;
  folders: { blobs: string; refs: string; snapshots: string };
}

export interface BroughtFiles {
  /** The snapshot's. */
  folder: string;
  bytes: number;
  /** Bytes that came over the network now; the rest was there. */
  fetchedBytes: number;
}

/** Milliseconds before each further try after a lost connection. */
const defaultWaits = [500, 2000, 5000];
/** Bytes left free on the disk. */
const spare = 32e6;

/** Brings a file under its hash into the cache. Returns the bytes that came over the network. */
export function bringFile(
  { signal, retryWaits = defaultWaits }: HubDownload,
  { place, commit, folders }: HubCommit,
  hub: HubFetch,
  file: HubFile,
  onBytes: (bytes: number) => void,
): Promise<number> {
  const { fetch, limits } = hub;
  const url = fileUrl(place, commit, file.path);
  return fetchBlob({ fetch, url, file, blobPath: join(folders.blobs, file.hash), signal, onBytes, retryWaits, limits });
}

/**
 * Brings files of a commit, with progress, and links them into its snapshot when all are whole: in this order, or with
 * others that are there already in that of `linked`.
 */
export async function bringFiles(
  request: HubDownload,
  at: HubCommit,
  hub: HubFetch,
  files: HubFile[],
  linked = files,
): Promise<BroughtFiles> {
  const { folders, revision, commit } = at;
  await makeWritableFolder(folders.blobs);
  await checkRoom({ cacheFolder: request.cacheFolder, repo: at.place.repo }, files, f => join(folders.blobs, f.hash));
  const track = trackDownload(new Map(files.map(f => [f.path, f.size])), () => performance.now(), request.onProgress);
  let fetchedBytes = 0;
  for (const file of files) fetchedBytes += await bringFile(request, at, hub, file, bytes => track(file.path, bytes));
  const folder = await linkSnapshot(folders, revision, commit, linked);
  await removePartials(folders.blobs, request.signal);
  return { folder, bytes: linked.reduce((sum, f) => sum + f.size, 0), fetchedBytes };
}

async function checkRoom(
  { cacheFolder, repo }: { cacheFolder: string; repo: string },
  files: HubFile[],
  blobPath: (file: HubFile) => string,
): Promise<void> {
  const bytes = files.reduce((sum, f) => sum + f.size, 0);
  if (bytes > fileLimits.total)
    throw new WorkbenchError(
      'unsupported',
      `'${repo}' has ${megabytes(bytes)} of files; more than ${megabytes(fileLimits.total)} are not fetched`,
      'Choose a smaller model.',
    );
  let needed = 0;
  for (const file of files) needed += await missingBytes(blobPath(file), file);
  const { bavail, bsize } = await statfs(dirname(blobPath(files[0]!)));
  const free = bavail * bsize;
  if (needed > 0 && needed + spare > free)
    throw new WorkbenchError(
      'storage',
      `${cacheFolder}: the disk has ${megabytes(free)} free; the download needs ${megabytes(needed)} and some to spare`,
      'Free some space, or name a folder on another disk in HF_HUB_CACHE (in the editor: multiLora.modelFolder).',
    );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
