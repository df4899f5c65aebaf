import { parquetBranch } from '../../hub/datasetName.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubFile } from './baseFiles.ts';
import type { DatasetDownload } from './downloadDataset.ts';
import type { HubFetch } from './hubFetch.ts';
import { addListed, commitOf, folderLister, type HubPlace } from './hubTree.ts';

/** Folders of a repository that are looked into. */
const mostFolders = 50;

export function datasetPlace({ dataset, endpoint }: Pick<DatasetDownload, 'dataset' | 'endpoint'>): HubPlace {
  return { kind: 'dataset', repo: dataset.repo, endpoint };
}

/** The revisions that may hold a split, with their commits: the one that is named, then what the hub made of `main` in Parquet. */
export async function* datasetRevisions(
  request: Pick<DatasetDownload, 'dataset' | 'endpoint'>,
  hub: HubFetch,
): AsyncGenerator<{ revision: string; commit: string }> {
  const named = request.dataset.revision;
  for (const revision of named === 'main' ? ['main', parquetBranch] : [named]) {
    const commit = await commitOf(datasetPlace(request), revision, hub).catch(error => {
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
  request: Pick<DatasetDownload, 'dataset' | 'endpoint'>,
  commit: string,
  hub: HubFetch,
  look: DatasetLook,
): Promise<Map<string, HubFile>> {
  const place = datasetPlace(request);
  const tooMany = new WorkbenchError(
    'unsupported',
    `'${place.repo}' has more than ${hub.limits.entries} files and folders where a split can be`,
    'Download its file yourself, and name that.',
  );
  const listFolder = folderLister(place, commit, hub, tooMany);
  const listed = new Map<string, HubFile>();
  const list = async (path?: string): Promise<string[]> => {
    const { files, folders } = await listFolder(path);
    for (const file of files) if (isSafe(file.path) && look.isWanted(file.path)) addListed(listed, file, place);
    return folders.filter(isSafe);
  };
  const ofSplits: string[] = [];
  for (const folder of look.folders(await list()).slice(0, mostFolders))
    for (const inner of await list(folder)) if (look.isSplit(inner.slice(folder.length + 1))) ofSplits.push(inner);
  for (const folder of ofSplits.slice(0, mostFolders)) await list(folder);
  return listed;
}

/** Nothing that leads out of the cache's own folders, and no name that a file system takes otherwise. */
function isSafe(path: string): boolean {
  return /^\w[\w.=-]*(\/\w[\w.=-]*){0,2}$/.test(path);
}
