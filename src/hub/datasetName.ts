import { parseRepoName } from './repoName.ts';

/** A split of a dataset of the hub. */
export interface DatasetName {
  /** `owner/name`. */
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Undefined for the one that the dataset has, or begins with. */
  config?: string;
  split: string;
}

/** What ends the name of a file of data, not that of a dataset of the hub. */
const ending = /\.(jsonl|json|csv|tsv|parquet|gz|txt)$/i;
const word = /^\w[\w.-]{0,99}$/;

/** Whether a text can be the name of a configuration or a split. */
export function isSplitWord(text: string): boolean {
  return word.test(text);
}

/**
 * `owner/name`, `owner/name:config`, `owner/name:config:split` (`owner/name::split` without a configuration), each with
 * `@revision` where it is not `main`; undefined for what cannot be a dataset of the hub, such as a path with a file's ending.
 */
export function parseDatasetName(text: string): DatasetName | undefined {
  const at = text.lastIndexOf('@');
  const [repo = '', config = '', split = 'train', ...more] = (at < 0 ? text : text.slice(0, at)).split(':');
  const named = parseRepoName(at < 0 ? repo : `${repo}${text.slice(at)}`);
  if (!named || more.length > 0 || ending.test(repo) || !isSplitWord(split)) return undefined;
  if (config !== '' && !isSplitWord(config)) return undefined;
  return { ...named, ...(config !== '' && { config }), split };
}

/** As recipes write it, without what goes without saying: the split `train` and the revision `main`. */
export function datasetNameText({ repo, revision, config, split }: DatasetName): string {
  const parts = split === 'train' ? (config === undefined ? [repo] : [repo, config]) : [repo, config ?? '', split];
  return parts.join(':') + (revision === 'main' ? '' : `@${revision}`);
}

/** The folder of a dataset in the Hugging Face cache, `datasets--owner--name`. */
export function datasetFolderName(repo: string): string {
  return `datasets--${repo.replace('/', '--')}`;
}

/** The dataset of a folder of the cache; undefined for models, spaces and anything else. */
export function datasetOfFolder(folder: string): string | undefined {
  const [, owner, name] = /^datasets--(.+?)--(.+)$/.exec(folder) ?? [];
  return owner === undefined ? undefined : parseRepoName(`${owner}/${name}`)?.repo;
}

/** The branch on which the hub keeps every dataset as Parquet. */
export const parquetBranch = 'refs/convert/parquet';
