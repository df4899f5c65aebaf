import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseRepoName } from '../hub/repoName.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { cachedModelFolder, hubCacheFolder } from './hubCache.ts';

/** Where a base is looked for. */
export interface BasePlaces {
  /** The folder that the paths of bases are relative to: that of the recipe. */
  from: string;
  /** What is shipped, the embedded base with it. */
  mediaFolder: string;
  /** The Hugging Face cache. */
  cacheFolder: string;
}

/**
 * The folder of a base: the embedded one, a folder, or that of a model of the Hugging Face cache; undefined for a model
 * that was not downloaded.
 */
export function findBaseFolder(base: string, { from, mediaFolder, cacheFolder }: BasePlaces): string | undefined {
  if (base === 'embedded') return join(mediaFolder, 'base');
  const folder = resolve(from, base);
  const named = existsSync(folder) ? undefined : parseRepoName(base);
  return named ? cachedModelFolder(named, cacheFolder) : folder;
}

/** As findBaseFolder, in the cache that the environment names. Throws `notFound` for a model that is not there. */
export function baseFolder(base: string, from: string, mediaFolder: string): string {
  const cacheFolder = hubCacheFolder();
  const found = findBaseFolder(base, { from, mediaFolder, cacheFolder });
  if (found !== undefined) return found;
  const { repo, revision } = parseRepoName(base)!;
  const option = revision === 'main' ? '' : ` --revision ${revision}`;
  throw new WorkbenchError(
    'notFound',
    `the base '${base}' is neither a folder (${resolve(from, base)}) nor in the Hugging Face cache (${cacheFolder})`,
    `If it is a model of the hub, get it with: multi-lora get ${repo}${option} (in the editor: Get a Base Model…)`,
  );
}
