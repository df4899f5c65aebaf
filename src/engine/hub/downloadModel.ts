import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listFiles, modelInfo } from '@huggingface/hub';
import { loadBase } from '../../experiment/base.ts';
import { isCommit, repoFolders } from '../../experiment/hubCache.ts';
import { parseBaseConfig } from '../../nn/model/config.ts';
import type { DownloadProgress } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { baseFiles, type HubFile, indexedWeights } from './baseFiles.ts';
import { trackDownload } from './downloadProgress.ts';
import { fetchBlob, missingBytes } from './fetchBlob.ts';
import { openHubFetch } from './hubFetch.ts';
import { linkSnapshot } from './linkSnapshot.ts';

export interface ModelDownload {
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
  endpoint: string;
  token?: string;
  proxy?: string;
  cacheFolder: string;
  signal: AbortSignal;
  onProgress(progress: DownloadProgress): void;
  retryWaits?: readonly number[];
}

export interface DownloadedModel {
  /** The commit that the revision stands for. */
  commit: string;
  /** A base's folder, to be used as it is. */
  folder: string;
  bytes: number;
  /** Bytes that came over the network now; the rest was there. */
  fetchedBytes: number;
}

/** Most files at the root of a repository; a lying hub cannot fill the memory. */
const mostFiles = 10_000;
/** Bytes left free on the disk. */
const spare = 32e6;

/**
 * Brings a base into the Hugging Face cache, in the layout of Python's huggingface_hub: files under their hashes in
 * `blobs`, linked from `snapshots/COMMIT`, whose name stands in `refs`. What is there is not fetched again, and a
 * snapshot gets its links when all its files are whole. Throws `unsupported` before any weight is fetched where the
 * model could not be run, `storage` where it has no room.
 */
export async function downloadModel(request: ModelDownload): Promise<DownloadedModel> {
  const { repo, revision, endpoint, cacheFolder, signal } = request;
  const folders = repoFolders(cacheFolder, repo);
  const hub = await openHubFetch(request);
  try {
    const commit = await commitOf(request, hub.fetch);
    const files = await rootFiles(request, commit, hub.fetch);
    const blobPath = (file: HubFile) => join(folders.blobs, file.hash);
    const bring = (file: HubFile, onBytes: (bytes: number) => void) =>
      fetchBlob({
        fetch: hub.fetch,
        url: `${endpoint}/${repo}/resolve/${commit}/${encodeURIComponent(file.path)}`,
        file,
        blobPath: blobPath(file),
        signal,
        onBytes,
        retryWaits: request.retryWaits ?? [500, 1000, 2000, 4000],
      });
    const bringJson = async (file: HubFile): Promise<unknown> => {
      fetchedBytes += await bring(file, () => {});
      return parseJson(await readFile(blobPath(file), 'utf8'), `'${repo}': ${file.path}`);
    };

    let fetchedBytes = 0;
    const { config, index, companions, weights } = baseFiles(repo, files);
    checkConfig(await bringJson(config), repo);
    const shards = index ? indexedWeights(repo, await bringJson(index), files) : weights;
    const rest = [...companions, ...shards];
    await checkRoom(cacheFolder, rest, blobPath);
    const track = trackDownload(new Map(rest.map(f => [f.path, f.size])), () => performance.now(), request.onProgress);
    for (const file of rest) fetchedBytes += await bring(file, bytes => track(file.path, bytes));

    // The configuration comes last: with it a folder is a model.
    const all = [...rest, ...(index ? [index] : []), config];
    const folder = await linkSnapshot(folders, revision, commit, all);
    await loadBase(folder);
    return { commit, folder, bytes: all.reduce((sum, f) => sum + f.size, 0), fetchedBytes };
  } finally {
    await hub.close();
  }
}

async function commitOf({ repo, revision, endpoint }: ModelDownload, fetch: typeof globalThis.fetch): Promise<string> {
  const { sha } = await modelInfo({ name: repo, revision, additionalFields: ['sha'], hubUrl: endpoint, fetch });
  if (isCommit(sha)) return sha;
  throw new WorkbenchError('network', `${endpoint} names no commit of '${repo}'`, 'Is it a hub? Check the endpoint.');
}

/** The files at a repository's root. */
async function rootFiles(
  { repo, endpoint }: ModelDownload,
  commit: string,
  fetch: typeof globalThis.fetch,
): Promise<HubFile[]> {
  const files: HubFile[] = [];
  const entries = listFiles({ repo: { type: 'model', name: repo }, revision: commit, hubUrl: endpoint, fetch });
  for await (const { type, path, size, oid, lfs } of entries) {
    if (files.length === mostFiles)
      throw new WorkbenchError('unsupported', `'${repo}' has more than ${mostFiles} files at its root`);
    const hash = lfs?.oid ?? oid;
    // A path or a hash of another form could lead out of the cache's folders.
    if (type === 'file' && /^[^/\\]+$/.test(path) && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash ?? ''))
      files.push({ path, size: lfs?.size ?? size, hash: hash! });
  }
  return files;
}

/** Throws where a model of this configuration could not be run, before its weights are fetched. */
function checkConfig(config: unknown, repo: string): void {
  parseBaseConfig(config, `'${repo}': config.json`);
  if ((config as { quantization_config?: unknown }).quantization_config)
    throw new WorkbenchError(
      'unsupported',
      `'${repo}' has quantized weights`,
      'Choose the repository of the same model with weights in BF16, F16 or F32.',
    );
}

async function checkRoom(cacheFolder: string, files: HubFile[], blobPath: (file: HubFile) => string): Promise<void> {
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

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WorkbenchError('badFile', `${what}: not JSON (${(error as Error).message})`);
  }
}
