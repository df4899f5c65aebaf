import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type DatasetName,
  datasetFolderName,
  datasetNameText,
  datasetOfFolder,
  parquetBranch,
  parseDatasetName,
} from '../hub/datasetName.ts';
import { splitFiles, splitsAmong } from '../hub/splitFiles.ts';
import { commitOf, filesIn, hubCacheFolder, isCommit } from './hubCache.ts';

/** The files that a recipe means by the name of data, whole paths. */
export interface NamedData {
  files: string[];
  /** The dataset of the hub that is meant; undefined for a file. */
  dataset?: DatasetName;
}

/** Folders that lead to a split's files: `CONFIG/SPLIT/0000.parquet`. */
const levelsOfSplits = 2;

/** A dataset's folders in the Hugging Face cache. */
export function datasetFolders(cacheFolder: string, repo: string): { blobs: string; refs: string; snapshots: string } {
  const folder = join(cacheFolder, datasetFolderName(repo));
  return { blobs: join(folder, 'blobs'), refs: join(folder, 'refs'), snapshots: join(folder, 'snapshots') };
}

/**
 * What data of a recipe is: a file, relative to the recipe's folder, or where there is none of that name a split of the
 * hub in the cache, without files where it was not downloaded.
 */
export function findData(folder: string, name: string, cacheFolder = hubCacheFolder()): NamedData {
  const path = resolve(folder, name);
  const dataset = parseDatasetName(name);
  if (!dataset || existsSync(path)) return { files: [path] };
  return { files: cachedSplit(dataset, cacheFolder), dataset };
}

/** The files of a split in the cache, in their order: of the revision, else of what the hub made of it in Parquet. */
function cachedSplit(dataset: DatasetName, cacheFolder: string): string[] {
  const { refs, snapshots } = datasetFolders(cacheFolder, dataset.repo);
  const branches = dataset.revision === 'main' ? ['main', parquetBranch] : [dataset.revision];
  for (const revision of branches) {
    const commit = commitOf(join(refs, revision)) ?? revision;
    const snapshot = join(snapshots, commit);
    if (!isCommit(commit)) continue;
    const { files } = splitFiles(filesIn(snapshot, levelsOfSplits), dataset);
    if (files) return files.map(file => join(snapshot, file));
  }
  return [];
}

/** A split in the cache, as recipes name it. */
export interface CachedDataset {
  name: string;
  bytes: number;
}

/** The splits of datasets in the cache, whoever has put them there. */
export async function cachedDatasets(cacheFolder = hubCacheFolder()): Promise<CachedDataset[]> {
  const found: CachedDataset[] = [];
  for (const folder of (await readdir(cacheFolder).catch((): string[] => [])).sort()) {
    const repo = datasetOfFolder(folder);
    if (repo === undefined) continue;
    const { refs, snapshots } = datasetFolders(cacheFolder, repo);
    const flat = (await readdir(refs).catch((): string[] => [])).filter(ref => ref !== 'main');
    for (const revision of ['main', ...flat, parquetBranch]) {
      const commit = commitOf(join(refs, revision));
      if (commit === undefined) continue;
      const snapshot = join(snapshots, commit);
      for (const { config, split, files } of splitsAmong(filesIn(snapshot, levelsOfSplits))) {
        const named = revision === parquetBranch ? 'main' : revision;
        const name = datasetNameText({ repo, revision: named, config, split });
        const sizes = files.map(file => statSync(join(snapshot, file)).size);
        const bytes = sizes.reduce((sum, size) => sum + size, 0);
        if (!found.some(other => other.name === name)) found.push({ name, bytes });
      }
    }
  }
  return found;
}
