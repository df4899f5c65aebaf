import { type DatasetName, isSplitWord } from './datasetName.ts';

/** Files of a split by how they are called, the first way that any file has: the hub's own, then those that people use. */
const ways = (split: string): RegExp[] => [
  // data/train-00000-of-00002.parquet, CONFIG/train-00000-of-00001.parquet
  new RegExp(`^([^/]+)/${split}-\\d{5}-of-\\d{5}\\.parquet$`),
  // CONFIG/train/0000.parquet, on the branch of what the hub converts
  new RegExp(`^([^/]+)/${split}/\\d{4}\\.parquet$`),
  new RegExp(`^([^/]+)/${split}\\.(?:parquet|jsonl|json|csv|tsv)(?:\\.gz)?$`),
  new RegExp(`^()${split}\\.(?:parquet|jsonl|json|csv|tsv)(?:\\.gz)?$`),
];

/** Folders that are no configuration of their own, by the names that stand for the only one. */
const unnamed = ['data', 'default', 'main', ''];

export type SplitFiles =
  | { files: string[] }
  /** There are several configurations, of which none is named, or not the one that is. */
  | { files?: undefined; configs: string[] };

/** Which of a repository's files are a split, in their order. Paths are relative to the repository's root. */
export function splitFiles(
  paths: readonly string[],
  { config, split }: Pick<DatasetName, 'config' | 'split'>,
): SplitFiles {
  const quoted = split.replace(/[.-]/g, '\\$&');
  for (const way of ways(quoted)) {
    const byConfig = new Map<string, string[]>();
    for (const path of paths) {
      const name = way.exec(path)?.[1];
      if (name === undefined) continue;
      const files = byConfig.get(name);
      if (files) files.push(path);
      else byConfig.set(name, [path]);
    }
    const names = [...byConfig.keys()];
    if (names.length === 0) continue;
    const isOnly =
      names.length === 1 && (config === undefined || (config === 'default' && unnamed.includes(names[0]!)));
    const chosen = isOnly
      ? names[0]!
      : config === undefined
        ? names.find(n => unnamed.includes(n))
        : names.find(n => n === config);
    if (chosen !== undefined) return { files: byConfig.get(chosen)!.sort() };
    return { configs: names.sort() };
  }
  return { configs: [] };
}

/** Folders of a repository's root that may hold files of a split; all of them where none has the configuration's name. */
export function splitFolders(folders: readonly string[], { config }: Pick<DatasetName, 'config'>): string[] {
  const own = folders.filter(folder => folder === config || folder === 'data');
  return config !== undefined && folders.includes(config) ? own : [...folders];
}

export interface NamedSplit extends Pick<DatasetName, 'config' | 'split'> {
  /** In their order; relative to the repository's root. */
  files: string[];
}

/** More splits of a repository than one chooses from. */
const mostSplits = 200;
/** What datasets say of themselves. */
const about = /^dataset_infos?\.json$/;

/** The splits among a repository's files, each by the shortest name with which splitFiles finds it. */
export function splitsAmong(paths: readonly string[]): NamedSplit[] {
  const any = ways('(\\w[\\w.-]*?)');
  const splits: NamedSplit[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    const found = about.test(path) ? undefined : any.map(way => way.exec(path)).find(match => match !== null);
    if (!found) continue;
    const [, folder = '', split = ''] = found;
    const pair = `${folder}:${split}`;
    if (seen.has(pair) || !isSplitWord(split)) continue;
    seen.add(pair);
    if (seen.size > mostSplits) break;
    // `main` is unnamed too, but where it is one of several its name says more.
    const isShort = folder !== 'main' && unnamed.includes(folder);
    const names = [...(isShort ? [{ split }] : []), ...(isSplitWord(folder) ? [{ config: folder, split }] : [])];
    for (const name of names) {
      const { files } = splitFiles(paths, name);
      if (!files?.includes(path)) continue;
      splits.push({ ...name, files });
      break;
    }
  }
  return splits;
}
