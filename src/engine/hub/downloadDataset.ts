import { join } from 'node:path';
import { MAX_FILE_BYTES } from '../../data/limits.ts';
import { datasetFolders } from '../../experiment/hubDatasets.ts';
import type { DatasetName } from '../../hub/datasetName.ts';
import { splitFiles, splitFolders } from '../../hub/splitFiles.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubFile } from './baseFiles.ts';
import { bringFiles, type HubDownload } from './bringFiles.ts';
import { datasetPlace, datasetRevisions, listDataset } from './datasetTree.ts';
import type { HubFetch } from './hubFetch.ts';
import { withHub } from './withHub.ts';

export interface DatasetDownload extends HubDownload {
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
  const { dataset, cacheFolder } = request;
  const { repo, revision: named, split } = dataset;
  return withHub(request, { kind: 'dataset', repo, revision: named }, async hub => {
    const { revision, commit, files } = await findSplit(request, hub);
    const size = files.reduce((sum, f) => sum + f.size, 0);
    if (size > MAX_FILE_BYTES)
      throw new WorkbenchError(
        'unsupported',
        `'${repo}': the split '${split}' has ${Math.ceil(size / 1e6)} MB, more than the ${MAX_FILE_BYTES / 1e6} MB that are read`,
        'Take a sample of it with other tools, and name its file.',
      );
    const at = { place: datasetPlace(request), revision, commit, folders: datasetFolders(cacheFolder, repo) };
    const { folder, bytes, fetchedBytes } = await bringFiles(request, at, hub, files);
    return { commit, files: files.map(f => join(folder, f.path)), bytes, fetchedBytes };
  });
}

interface FoundSplit {
  revision: string;
  commit: string;
  files: HubFile[];
}

/** Looks for the files of a split at the revision, then at what the hub made of `main` in Parquet. */
async function findSplit(request: DatasetDownload, hub: HubFetch): Promise<FoundSplit> {
  const { dataset } = request;
  const configs = new Set<string>();
  for await (const { revision, commit } of datasetRevisions(request, hub)) {
    const listed = await listDataset(request, commit, hub, {
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
