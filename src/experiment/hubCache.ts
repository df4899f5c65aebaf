import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type GgufName, ggufParts, ggufsOfTag } from '../hub/ggufFiles.ts';
import { type RepoName, repoFolderName, repoOfFolder } from '../hub/repoName.ts';
import { hasWeights } from './base.ts';

/**
 * The Hugging Face cache: the folder that a user names, else HF_HUB_CACHE, else `hub` in HF_HOME, else in
 * ~/.cache/huggingface, as for Python. It is the rule of @huggingface/hub's getHFHubCachePath, which takes longer to load
 * than the extension's activation may, and knows no `~`; here a variable that is empty counts as one that is not set.
 */
export function hubCacheFolder(modelFolder?: string): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const folder = modelFolder || HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(home, 'hub');
  return resolve(folder.replace(/^~(?=$|[/\\])/, homedir()));
}

/** A repository's folders in the cache: files under their hashes, the commits of names, and the files of a commit. */
export function repoFolders(cacheFolder: string, repo: string): { blobs: string; refs: string; snapshots: string } {
  const folder = join(cacheFolder, repoFolderName(repo));
  return { blobs: join(folder, 'blobs'), refs: join(folder, 'refs'), snapshots: join(folder, 'snapshots') };
}

/** Whether a text is a commit's hash, as snapshots in the cache are called. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** The folder of a model in the cache; undefined where it is not there, or not at this revision. */
export function cachedModelFolder({ repo, revision }: RepoName, cacheFolder: string): string | undefined {
  const { refs, snapshots } = repoFolders(cacheFolder, repo);
  const commit = commitOf(join(refs, revision)) ?? revision;
  const folder = join(snapshots, commit);
  return isCommit(commit) && existsSync(join(folder, 'config.json')) ? folder : undefined;
}

/** The files of the cache that a model in GGUF may be; not those of which a part is missing. */
export function cachedGgufs({ repo, revision, tag }: GgufName, cacheFolder: string): string[] {
  const { refs, snapshots } = repoFolders(cacheFolder, repo);
  const commit = commitOf(join(refs, revision)) ?? revision;
  const folder = join(snapshots, commit);
  if (!isCommit(commit)) return [];
  const isWhole = (path: string) => ggufParts(path).every(part => existsSync(join(folder, part)));
  return ggufsOfTag(filesIn(folder), tag)
    .filter(isWhole)
    .map(path => join(folder, path));
}

/** Files of a snapshot, down so many levels of folders; with slashes. */
export function filesIn(snapshot: string, levels = 1, above = ''): string[] {
  let entries: string[];
  try {
    entries = readdirSync(join(snapshot, above));
  } catch {
    return [];
  }
  return entries.flatMap(name => {
    const path = above === '' ? name : `${above}/${name}`;
    const info = statSync(join(snapshot, path), { throwIfNoEntry: false });
    if (info?.isDirectory()) return levels > 0 ? filesIn(snapshot, levels - 1, path) : [];
    return info?.isFile() ? [path] : [];
  });
}

/** The commit that a branch or a tag stands for, from the file of that name. */
export function commitOf(ref: string): string | undefined {
  try {
    const info = statSync(ref);
    // A pipe would be waited for.
    if (!info.isFile() || info.size > 1000) return undefined;
    const commit = readFileSync(ref, 'utf8').trim();
    return isCommit(commit) ? commit : undefined;
  } catch {
    // There is no such name, or it is a part of names: `feature` of `feature/one`.
    return undefined;
  }
}

/** The models of the cache whose weights have arrived, as `owner/name`. */
export async function cachedModels(cacheFolder: string): Promise<string[]> {
  const names = await readdir(cacheFolder).catch(() => []);
  return names.flatMap(name => {
    const repo = repoOfFolder(name);
    const folder = repo && cachedModelFolder({ repo, revision: 'main' }, cacheFolder);
    return folder && hasWeights(folder) ? [repo] : [];
  });
}
