import { join } from 'node:path';
import { datasetInfo, listFiles } from '@huggingface/hub';
import { MAX_FILE_BYTES } from '../../data/limits.ts';
import { makeWritableFolder } from '../../experiment/files.ts';
import { isCommit } from '../../experiment/hubCache.ts';
import { datasetFolders } from '../../experiment/hubDatasets.ts';
import type { DatasetName } from '../../hub/datasetName.ts';
import { parquetBranch } from '../../hub/datasetName.ts';
import { type SplitFiles, splitFiles, splitFolders } from '../../hub/splitFiles.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubFile } from './baseFiles.ts';
import { checkListed, checkRoom, defaultWaits, isRepoInfo, type ModelDownload, withoutToken } from './downloadModel.ts';
import { trackDownload } from './downloadProgress.ts';
import { fetchBlob, removePartials } from './fetchBlob.ts';
import { noHub } from './hubErrors.ts';
import { type HubFetch, openHubFetch } from './hubFetch.ts';
import { type HubLimits, hubLimits } from './hubLimits.ts';
import { linkSnapshot } from './linkSnapshot.ts';

export interface DatasetDownload extends Omit<ModelDownload, 'repo' | 'revision'> {
  dataset: DatasetName;
}

export interface DownloadedDataset {
  commit: string;
  /** The split's files, whole paths. */
  files: string[];
  bytes: number;
  /** Bytes that came over the network now; the rest was there. */
  fetchedBytes: number;
}

/** Folders of a repository's root that are looked into for a split. */
const mostFolders = 50;

/**
 * Brings a split of a dataset into the Hugging Face cache, in the layout of Python's huggingface_hub, as downloadModel
 * does: the files that the repository itself has of it, else those that the hub made of it in Parquet. Throws `notFound`
 * where it has no such split or configuration, with those that there are, and `unsupported` before anything is fetched
 * where it has more than is read.
 */
export async function downloadDataset(request: DatasetDownload): Promise<DownloadedDataset> {
  const limits = { ...hubLimits, ...request.limits };
  const { repo, revision } = request.dataset;
  const hub = await openHubFetch({ ...request, repo, revision, kind: 'dataset', limits });
  try {
    return await download(request, limits, hub);
  } catch (error) {
    throw withoutToken(error, request.token);
  } finally {
    await hub.close();
  }
}

async function download(request: DatasetDownload, limits: HubLimits, hub: HubFetch): Promise<DownloadedDataset> {
  const { dataset, endpoint, cacheFolder, signal } = request;
  const { repo } = dataset;
  const { revision, commit, files } = await findSplit(request, limits, hub);
  const bytes = files.reduce((sum, f) => sum + f.size, 0);
  if (bytes > MAX_FILE_BYTES)
    throw new WorkbenchError(
      'unsupported',
      `'${repo}': the split '${dataset.split}' has ${Math.ceil(bytes / 1e6)} MB, more than the ${MAX_FILE_BYTES / 1e6} MB that are read`,
      'Take a sample of it with other tools, and name its file.',
    );
  const folders = datasetFolders(cacheFolder, repo);
  const blobPath = (file: HubFile) => join(folders.blobs, file.hash);
  await makeWritableFolder(folders.blobs);
  await checkRoom({ cacheFolder, repo }, files, blobPath);
  const track = trackDownload(new Map(files.map(f => [f.path, f.size])), () => performance.now(), request.onProgress);
  let fetchedBytes = 0;
  for (const file of files)
    fetchedBytes += await fetchBlob({
      fetch: hub.fetch,
      url: `${endpoint}/datasets/${repo}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`,
      file,
      blobPath: blobPath(file),
      signal,
      onBytes: done => track(file.path, done),
      retryWaits: request.retryWaits ?? defaultWaits,
      limits,
    });
  const folder = await linkSnapshot(folders, revision, commit, files);
  await removePartials(folders.blobs, signal);
  return { commit, files: files.map(f => join(folder, f.path)), bytes, fetchedBytes };
}

interface FoundSplit {
  revision: string;
  commit: string;
  files: HubFile[];
}

/** Looks for the files of a split at the revision, then at what the hub made of `main` in Parquet. */
async function findSplit(request: DatasetDownload, limits: HubLimits, hub: HubFetch): Promise<FoundSplit> {
  const { dataset } = request;
  const configs = new Set<string>();
  for (const revision of dataset.revision === 'main' ? ['main', parquetBranch] : [dataset.revision]) {
    const commit = await commitOf(request, revision, hub).catch(error => {
      // Not every dataset has been converted.
      if (revision === parquetBranch && error instanceof WorkbenchError && error.code === 'notFound') return undefined;
      throw error;
    });
    if (commit === undefined) continue;
    const { found, listed } = await listSplit(request, commit, limits, hub);
    if (found.files) return { revision, commit, files: found.files.map(path => listed.get(path)!) };
    for (const config of found.configs) configs.add(config);
  }
  const { repo, config, split } = dataset;
  const names = [...configs].filter(name => name !== '');
  if (names.length > 0)
    throw new WorkbenchError(
      'notFound',
      config === undefined
        ? `'${repo}' has several configurations with the split '${split}'; name one of them`
        : `'${repo}' has no configuration '${config}' with the split '${split}'`,
      `There are: ${names.slice(0, 20).join(', ')}. Write ${repo}:${names[0]}:${split}.`,
    );
  throw new WorkbenchError(
    'notFound',
    `'${repo}' has no file of the split '${split}' that can be read`,
    `Look at its files at ${request.endpoint}/datasets/${repo}; write owner/name:configuration:split, or download a file yourself.`,
  );
}

async function commitOf(
  { dataset, endpoint }: DatasetDownload,
  revision: string,
  { describe }: HubFetch,
): Promise<string> {
  const { repo } = dataset;
  const fetch = describe(isRepoInfo);
  const { sha } = await datasetInfo({ name: repo, revision, additionalFields: ['sha'], hubUrl: endpoint, fetch });
  if (typeof sha === 'string' && isCommit(sha)) return sha;
  throw new WorkbenchError('network', `${endpoint} names no commit of '${repo}'`, 'Is it a hub? Check the endpoint.');
}

/** The files of a split at a commit: the root is listed, and the folders that may hold it. */
async function listSplit(
  request: DatasetDownload,
  commit: string,
  limits: HubLimits,
  hub: HubFetch,
): Promise<{ found: SplitFiles; listed: Map<string, HubFile> }> {
  const { dataset, endpoint } = request;
  const { host } = new URL(endpoint);
  const listed = new Map<string, HubFile>();
  let entries = 0;
  const list = async (path?: string): Promise<string[]> => {
    const folders: string[] = [];
    const fetch = hub.describe(Array.isArray);
    const repo = { type: 'dataset' as const, name: dataset.repo };
    for await (const entry of listFiles({ repo, revision: commit, path, hubUrl: endpoint, fetch })) {
      if (++entries > limits.entries)
        throw new WorkbenchError(
          'unsupported',
          `'${dataset.repo}' has more than ${limits.entries} files and folders where a split can be`,
          'Download its file yourself, and name that.',
        );
      const { type, path: name, size, oid, lfs } = (entry ?? {}) as Partial<typeof entry>;
      // Nothing that leads out of the cache's own folders, and no name that a file system takes otherwise.
      if (typeof name !== 'string' || !/^\w[\w.=-]*(\/\w[\w.=-]*){0,2}$/.test(name)) continue;
      if (type === 'directory') folders.push(name);
      if (type !== 'file' || !splitFiles([name], { split: dataset.split }).files) continue;
      const file = { path: name, size: lfs?.size ?? size!, hash: lfs?.oid ?? oid! };
      checkListed(file, host, dataset.repo);
      if (listed.has(name)) throw noHub(host, `lists ${name} of '${dataset.repo}' twice`);
      listed.set(name, file);
    }
    return folders;
  };
  const folders = splitFolders(await list(), dataset).slice(0, mostFolders);
  for (const folder of folders)
    for (const inner of await list(folder)) if (inner === `${folder}/${dataset.split}`) await list(inner);
  return { found: splitFiles([...listed.keys()], dataset), listed };
}
