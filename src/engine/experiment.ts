import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseRecipe } from '../core/recipe/parseRecipe.ts';
import { WorkbenchError } from '../shared/errors.ts';
import type { Recipe } from '../shared/recipe.ts';
import { readText } from './store.ts';

/** A recipe on disk and the places it speaks of. */
export interface Experiment {
  path: string;
  /** Data, bases and adapters are relative to it. */
  folder: string;
  name: string;
  recipe: Recipe;
  /** Where adapters, checkpoints, merges and reports go. */
  runFolder: string;
  baseFolder: string;
}

/** The folder of a base: the embedded one, or one relative to `from`. */
export function baseFolder(base: string, from: string, mediaFolder: string): string {
  return base === 'embedded' ? join(mediaFolder, 'base') : resolve(from, base);
}

/** Reads and checks a recipe. Throws `notFound`, or `badRecipe` with all problems. */
export async function openExperiment(path: string, mediaFolder: string): Promise<Experiment> {
  const full = resolve(path);
  const text = await readText(full, 'the recipe');
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
    baseFolder: baseFolder(recipe.base, folder, mediaFolder),
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
