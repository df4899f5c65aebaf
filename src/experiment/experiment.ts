import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseRepoName } from '../hub/repoName.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { parseRecipe } from '../recipe/parse.ts';
import type { Recipe } from '../recipe/schema.ts';
import { readText } from './files.ts';
import { cachedModelFolder, hubCacheFolder } from './hubCache.ts';

/** A recipe on disk and the places it speaks of. */
export interface Experiment {
  path: string;
  /** Data, bases and adapters are relative to it. */
  folder: string;
  name: string;
  recipe: Recipe;
  /** Where adapters, checkpoints, merges and reports go. */
  runFolder: string;
  /** Throws `notFound` where the base is a model that was not downloaded. */
  readonly baseFolder: string;
}

/**
 * The folder of a base: the embedded one, one relative to `from`, or that of a model of the Hugging Face cache. Throws
 * `notFound` for a model that is not in the cache.
 */
export function baseFolder(base: string, from: string, mediaFolder: string): string {
  if (base === 'embedded') return join(mediaFolder, 'base');
  const folder = resolve(from, base);
  const named = existsSync(folder) ? undefined : parseRepoName(base);
  if (!named) return folder;
  const cacheFolder = hubCacheFolder();
  const cached = cachedModelFolder(named, cacheFolder);
  if (cached) return cached;
  const revision = named.revision === 'main' ? '' : ` --revision ${named.revision}`;
  throw new WorkbenchError(
    'notFound',
    `the base '${base}' is neither a folder (${folder}) nor in the Hugging Face cache (${cacheFolder})`,
    `If it is a model of the hub, get it with: multi-lora get ${named.repo}${revision}`,
  );
}

/**
 * Reads and checks a recipe; `unsaved` is what its file will say. Throws `notFound`, or `badRecipe` with all problems.
 */
export async function openExperiment(path: string, mediaFolder: string, unsaved?: string): Promise<Experiment> {
  const full = resolve(path);
  const text = unsaved ?? (await readText(full, 'the recipe'));
  const { recipe, problems } = parseRecipe(text);
  if (!recipe) {
    const lines = problems.map(p => `  ${p.message}`).join('\n');
    throw new WorkbenchError('badRecipe', `${path} has problems:\n${lines}`, undefined, problems);
  }
  const folder = dirname(full);
  const name = recipe.name ?? basename(full).replace(/\.lora\.json$|\.json$/, '');
  return {
    path: full,
    folder,
    name,
    recipe,
    runFolder: resolve(folder, recipe.output ?? join('runs', basename(full).replace(/\.lora\.json$|\.json$/, ''))),
    // Looked up when asked for: routing needs no base.
    get baseFolder() {
      return baseFolder(recipe.base, folder, mediaFolder);
    },
  };
}

/** Where an expert's adapter lies: the one it names, or the one that training writes. */
export function adapterFolder(e: Experiment, expert: string): string {
  const named = e.recipe.experts[expert]?.adapter;
  return named ? resolve(e.folder, named) : join(e.runFolder, 'adapters', expert);
}

/** The experts whose adapters are on disk. */
export async function trainedExperts(e: Experiment): Promise<string[]> {
  const found: string[] = [];
  for (const name of Object.keys(e.recipe.experts)) {
    const present = await stat(join(adapterFolder(e, name), 'adapter_config.json')).then(
      () => true,
      () => false,
    );
    if (present) found.push(name);
  }
  return found;
}
