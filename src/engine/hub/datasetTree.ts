import { datasetInfo, listFiles } from '@huggingface/hub';
import { isCommit } from '../../experiment/hubCache.ts';
import { parquetBranch } from '../../hub/datasetName.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubFile } from './baseFiles.ts';
import type { DatasetDownload } from './downloadDataset.ts';
import { checkListed, isRepoInfo } from './downloadModel.ts';
import { noHub } from './hubErrors.ts';
import type { HubFetch } from './hubFetch.ts';
import type { HubLimits } from './hubLimits.ts';

export type DatasetPlace = Pick<DatasetDownload, 'dataset' | 'endpoint'>;

/** Folders of a repository that are looked into. */
const mostFolders = 50;

/** The revisions that may hold a split, with their commits: the one that is named, then what the hub made of `main` in Parquet. */
export async function* datasetRevisions(
  place: DatasetPlace,
  hub: HubFetch,
): AsyncGenerator<{ revision: string; commit: string }> {
  const { revision: named } = place.dataset;
  for (const revision of named === 'main' ? ['main', parquetBranch] : [named]) {
    const commit = await commitOf(place, revision, hub).catch(error => {
      // Not every dataset has been converted.
      if (revision === parquetBranch && error instanceof WorkbenchError && error.code === 'notFound') return undefined;
      throw error;
    });
    if (commit !== undefined) yield { revision, commit };
  }
}

/** What of a repository is looked at. */
export interface DatasetLook {
  isWanted(path: string): boolean;
  /** Which of the root's folders are looked into. */
  folders(names: readonly string[]): string[];
  /** Whether a folder in one of them is a split's, by its own name. */
  isSplit(name: string): boolean;
}

/** The files of a dataset at a commit, by their paths: the root is listed, and the folders that may hold a split. */
export async function listDataset(
  { dataset, endpoint }: DatasetPlace,
  commit: string,
  limits: HubLimits,
  hub: HubFetch,
  look: DatasetLook,
): Promise<Map<string, HubFile>> {
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
      if (type !== 'file' || !look.isWanted(name)) continue;
      const file = { path: name, size: lfs?.size ?? size!, hash: lfs?.oid ?? oid! };
      checkListed(file, host, dataset.repo);
      if (listed.has(name)) throw noHub(host, `lists ${name} of '${dataset.repo}' twice`);
      listed.set(name, file);
    }
    return folders;
  };
  const ofSplits: string[] = [];
  for (const folder of look.folders(await list()).slice(0, mostFolders))
    for (const inner of await list(folder)) if (look.isSplit(inner.slice(folder.length + 1))) ofSplits.push(inner);
  for (const folder of ofSplits.slice(0, mostFolders)) await list(folder);
  return listed;
}

async function commitOf(
  { dataset: { repo }, endpoint }: DatasetPlace,
  revision: string,
  { describe }: HubFetch,
): Promise<string> {
  const fetch = describe(isRepoInfo);
  const { sha } = await datasetInfo({ name: repo, revision, additionalFields: ['sha'], hubUrl: endpoint, fetch });
  if (typeof sha === 'string' && isCommit(sha)) return sha;
  throw new WorkbenchError('network', `${endpoint} names no commit of '${repo}'`, 'Is it a hub? Check the endpoint.');
}
