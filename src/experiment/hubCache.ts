import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { getHFHubCachePath } from '@huggingface/hub';
import { type RepoName, repoFolderName } from '../hub/repoName.ts';

/** The Hugging Face cache: HF_HUB_CACHE, else `hub` in HF_HOME, else in ~/.cache/huggingface, as for Python. */
export function hubCacheFolder(): string {
  return resolve(getHFHubCachePath().replace(/^~(?=$|[/\\])/, homedir()));
}

/** A repository's folders in the cache: files under their hashes, the commits of names, and the files of a commit. */
export function repoFolders(cacheFolder: string, repo: string): { blobs: string; refs: string; snapshots: string } {
  const folder = join(cacheFolder, repoFolderName(repo));
  return { blobs: join(folder, 'blobs'), refs: join(folder, 'refs'), snapshots: join(folder, 'snapshots') };
}

/** The folder of a model in the cache; undefined where it is not there, or not at this revision. */
export function cachedModelFolder({ repo, revision }: RepoName, cacheFolder: string): string | undefined {
  const { refs, snapshots } = repoFolders(cacheFolder, repo);
  const ref = join(refs, revision);
  const commit = existsSync(ref) ? readFileSync(ref, 'utf8').trim() : revision;
  const folder = join(snapshots, commit);
  return /^[0-9a-f]{40}$/.test(commit) && existsSync(join(folder, 'config.json')) ? folder : undefined;
}
