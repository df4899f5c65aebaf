import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseRepoName, repoFolderName, repoOfFolder } from '../../hub/repoName.ts';

/** The Hugging Face cache as the engine finds it: the setting, HF_HUB_CACHE, else `hub` in HF_HOME. */
export function hubCacheFolder(modelFolder: string): string {
  const { HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  const home = HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  return resolve((modelFolder || HF_HUB_CACHE || join(home, 'hub')).replace(/^~(?=$|[/\\])/, homedir()));
}

/** The folder of the base that a recipe names; undefined for a model that was not downloaded. */
export function findBaseFolder(
  base: string,
  { recipeFolder, mediaFolder, cacheFolder }: { recipeFolder: string; mediaFolder: string; cacheFolder: string },
): string | undefined {
  if (base === 'embedded') return join(mediaFolder, 'base');
  const folder = resolve(recipeFolder, base);
  const named = existsSync(folder) ? undefined : parseRepoName(base);
  if (!named) return folder;
  const repo = join(cacheFolder, repoFolderName(named.repo));
  const ref = join(repo, 'refs', named.revision);
  const commit = existsSync(ref) ? readFileSync(ref, 'utf8').trim() : named.revision;
  const snapshot = join(repo, 'snapshots', commit);
  return existsSync(join(snapshot, 'config.json')) ? snapshot : undefined;
}

/** The models of the Hugging Face cache whose weights have arrived, as `owner/name`. */
export async function cachedModels(cacheFolder: string): Promise<string[]> {
  const names = await readdir(cacheFolder).catch(() => []);
  return names.flatMap(name => {
    const repo = repoOfFolder(name);
    const folder = repo && findBaseFolder(repo, { recipeFolder: '/', mediaFolder: '', cacheFolder });
    const hasWeights = (file: string) => folder !== undefined && existsSync(join(folder, file));
    return repo && ['model.safetensors', 'model.safetensors.index.json'].some(hasWeights) ? [repo] : [];
  });
}
