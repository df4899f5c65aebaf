import { join } from 'node:path';
import { MAX_FILE_BYTES } from '../../data/limits.ts';
import { makeWritableFolder } from '../../experiment/files.ts';
import { datasetFolders } from '../../experiment/hubDatasets.ts';
import type { DatasetName } from '../../hub/datasetName.ts';
import { splitFiles, splitFolders } from '../../hub/splitFiles.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubFile } from './baseFiles.ts';
import { datasetRevisions, listDataset } from './datasetTree.ts';
import { checkRoom, defaultWaits, type ModelDownload, withoutToken } from './downloadModel.ts';
import { trackDownload } from './downloadProgress.ts';
import { fetchBlob, removePartials } from './fetchBlob.ts';
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
  for await (const { revision, commit } of datasetRevisions(request, hub)) {
    const listed = await listDataset(request, commit, limits, hub, {
      isWanted: path => splitFiles([path], { split: dataset.split }).files !== undefined,
      folders: names => splitFolders(names, dataset),
      isSplit: name => name === dataset.split,
    });
    const found = splitFiles([...listed.keys()], dataset);
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
