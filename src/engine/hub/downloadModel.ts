import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { isCompanionFile, loadBase, quantizedError, weightIndexFile } from '../../experiment/base.ts';
import { parseJson } from '../../experiment/files.ts';
import { isCommit, repoFolders } from '../../experiment/hubCache.ts';
import { parseBaseConfig } from '../../nn/model/config.ts';
import type { DownloadProgress } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { baseFiles, type HubFile, indexedWeights, isWeightFile } from './baseFiles.ts';
import { trackDownload } from './downloadProgress.ts';
import { fetchBlob, missingBytes, removePartials } from './fetchBlob.ts';
import { noHub } from './hubErrors.ts';
import { type HubFetch, openHubFetch } from './hubFetch.ts';
import { fileLimits, type HubLimits, hubLimits } from './hubLimits.ts';
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
  limits?: Partial<HubLimits>;
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

/** Milliseconds before each further try after a lost connection. */
export const defaultWaits = [500, 2000, 5000];
/** Bytes left free on the disk. */
const spare = 32e6;

/**
 * Brings a base into the Hugging Face cache, in the layout of Python's huggingface_hub: files under their hashes in
 * `blobs`, linked from `snapshots/COMMIT`, whose name stands in `refs`. What is there is not fetched again, and a
 * snapshot gets its links when all its files are whole. Throws `unsupported` before any weight is fetched where the
 * model could not be run, `storage` where it has no room.
 */
export async function downloadModel(request: ModelDownload): Promise<DownloadedModel> {
  const limits = { ...hubLimits, ...request.limits };
  const hub = await openHubFetch({ ...request, limits });
  try {
    return await download(request, limits, hub);
  } catch (error) {
    throw withoutToken(error, request.token);
  } finally {
    await hub.close();
  }
}

async function download(request: ModelDownload, limits: HubLimits, hub: HubFetch): Promise<DownloadedModel> {
  const { repo, revision, endpoint, cacheFolder, signal } = request;
  const folders = repoFolders(cacheFolder, repo);
  const commit = await commitOf(request, hub);
  const files = await rootFiles(request, commit, hub, limits);
  const blobPath = (file: HubFile) => join(folders.blobs, file.hash);
  const bring = (file: HubFile, onBytes: (bytes: number) => void) =>
    fetchBlob({
      fetch: hub.fetch,
      url: `${endpoint}/${repo}/resolve/${commit}/${encodeURIComponent(file.path)}`,
      file,
      blobPath: blobPath(file),
      signal,
      onBytes,
      retryWaits: request.retryWaits ?? defaultWaits,
      limits,
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
  await checkRoom(request, rest, blobPath);
  const track = trackDownload(new Map(rest.map(f => [f.path, f.size])), () => performance.now(), request.onProgress);
  for (const file of rest) fetchedBytes += await bring(file, bytes => track(file.path, bytes));

  // The configuration comes last: with it a folder is a model.
  const all = [...rest, ...(index ? [index] : []), config];
  const folder = await linkSnapshot(folders, revision, commit, all);
  await removePartials(folders.blobs, signal);
  await loadBase(folder);
  return { commit, folder, bytes: all.reduce((sum, f) => sum + f.size, 0), fetchedBytes };
}

/** An error with which a hub repeats the token it was given, without it. */
export function withoutToken(error: unknown, token: string | undefined): unknown {
  if (!token || !(error instanceof WorkbenchError) || !`${error.message}${error.hint}`.includes(token)) return error;
  const without = (text: string) => text.replaceAll(token, '(the token)');
  return new WorkbenchError(error.code, without(error.message), error.hint && without(error.hint), error.problems);
}

async function commitOf({ repo, revision, endpoint }: ModelDownload, { describe }: HubFetch): Promise<string> {
  const fetch = describe(isRepoInfo);
  const { sha } = await modelInfo({ name: repo, revision, additionalFields: ['sha'], hubUrl: endpoint, fetch });
  if (typeof sha === 'string' && isCommit(sha)) return sha;
  throw new WorkbenchError('network', `${endpoint} names no commit of '${repo}'`, 'Is it a hub? Check the endpoint.');
}

/** The files at a repository's root that may belong to a base. Throws `network` for a list that makes no sense. */
async function rootFiles(
  { repo, endpoint }: ModelDownload,
  commit: string,
  { describe }: HubFetch,
  { entries: most }: HubLimits,
): Promise<HubFile[]> {
  const files = new Map<string, HubFile>();
  const fetch = describe(Array.isArray);
  const { host } = new URL(endpoint);
  let entries = 0;
  for await (const entry of listFiles({
    repo: { type: 'model', name: repo },
    revision: commit,
    hubUrl: endpoint,
    fetch,
  })) {
    if (++entries > most)
      throw new WorkbenchError(
        'unsupported',
        `'${repo}' has more than ${most} files and folders at its root`,
        'Choose another repository of the model.',
      );
    const { type, path, size, oid, lfs } = (isObject(entry) ? entry : {}) as Partial<ListFileEntry>;
    // One in a folder could lead out of the cache's own, and no base needs it.
    if (type !== 'file' || typeof path !== 'string' || !/^[^/\\]+$/.test(path)) continue;
    const file = { path, size: lfs?.size ?? size!, hash: lfs?.oid ?? oid! };
    const isNeeded = isCompanionFile(path) || isWeightFile(path) || path === weightIndexFile;
    if (isNeeded) checkListed(file, host, repo);
    if (isNeeded && files.has(path)) throw noHub(host, `lists ${path} of '${repo}' twice`);
    files.set(path, file);
  }
  return [...files.values()];
}

/** Throws `network` for a size that is none, and a hash of another form, which could lead out of the cache's folders. */
export function checkListed({ path, size, hash }: HubFile, host: string, repo: string): void {
  const has = (what: string, value: unknown) =>
    noHub(host, `lists ${path} of '${repo}' with the ${what} ${visibleName(JSON.stringify(value) ?? 'undefined')}`);
  if (!(Number.isSafeInteger(size) && size >= 0)) throw has('size', size);
  if (typeof hash !== 'string' || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) throw has('hash', hash);
}

/** Whether the hub's client can read it: it makes a date of one field. */
export function isRepoInfo(value: unknown): boolean {
  return isObject(value) && ['string', 'undefined'].includes(typeof (value as { lastModified?: unknown }).lastModified);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws where a model of this configuration could not be run, before its weights are fetched. */
function checkConfig(config: unknown, repo: string): void {
  const file = `'${repo}': config.json`;
  parseBaseConfig(config, file);
  const quantized = quantizedError(config as Record<string, unknown>, file);
  if (quantized) throw quantized;
}

export async function checkRoom(
  { cacheFolder, repo }: Pick<ModelDownload, 'cacheFolder' | 'repo'>,
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
