import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import { maxRecipeLength } from '../recipe/limits.ts';
import { parseRecipe } from '../recipe/parse.ts';
import type { Recipe } from '../recipe/schema.ts';
import { bytes } from '../text/numbers.ts';
import { baseFolder } from './baseFolder.ts';
import { isThere, readText } from './files.ts';
import { adapterPaths, experimentPaths, type ResultPaths, recipeEnding, recipeName } from './paths.ts';
import { settle } from './removeStaleFiles.ts';

/** A recipe on disk and the places it speaks of. */
export interface Experiment {
  path: string;
  /** Data, bases and adapters are relative to it. */
  folder: string;
  name: string;
  recipe: Recipe;
  /** Where adapters, checkpoints, merges, runs and reports lie. */
  paths: ResultPaths;
  /** Throws `notFound` where the base is a model that was not downloaded. */
  readonly baseFolder: string;
}

/** No more of a recipe's file is read than a recipe can have: its characters take at most four bytes. */
async function readRecipeText(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (info && !info.isFile() && !info.isDirectory())
    throw new WorkbenchError('badFile', `the recipe is no file: ${path}`);
  if (info && info.size > 4 * maxRecipeLength)
    throw new WorkbenchError(
      'badFile',
      `${path} has ${bytes(info.size)}, which is no recipe`,
      'Name a *.lora.json file.',
    );
  return readText(path, 'the recipe');
}

/**
 * Reads and checks a recipe; `unsaved` is what its file will say. Throws `notFound`, or `badRecipe` with all problems.
 */
export async function openExperiment(path: string, mediaFolder: string, unsaved?: string): Promise<Experiment> {
  const full = resolve(path);
  const text = unsaved ?? (await readRecipeText(full));
  const experiment = experimentOf(full, text, mediaFolder);
  // An adapter that a process was just replacing when it was killed would count as not trained.
  for (const name of Object.keys(experiment.recipe.experts)) {
    const place = adapterFolder(experiment, name);
    if (!(await isThere(place))) await settle(place);
  }
  return experiment;
}

function experimentOf(path: string, text: string, mediaFolder: string): Experiment {
  const { recipe, problems } = parseRecipe(text);
  if (!recipe) {
    const lines = problems.map(p => `  ${p.message}`).join('\n');
    throw new WorkbenchError('badRecipe', `${path} has problems:\n${lines}`, undefined, problems);
  }
  const folder = dirname(path);
  return {
    path,
    folder,
    name: recipe.name ?? recipeName(path),
    recipe,
    paths: experimentPaths(path, recipe),
    // Looked up when asked for: routing needs no base.
    get baseFolder() {
      return baseFolder(recipe.base, folder, mediaFolder);
    },
  };
}

/**
 * A recipe with further experts, whose adapters lie in these folders. Throws `badRequest` for a name that the recipe has
 * already.
 */
export function withAdapters(experiment: Experiment, adapters: Record<string, string>): Experiment {
  const { recipe, folder } = experiment;
  for (const name of Object.keys(adapters))
    for (const kind of ['experts', 'blends', 'merges'] as const)
      if (Object.hasOwn(recipe[kind], name))
        throw new WorkbenchError(
          'badRequest',
          `${experiment.path} has '${name}' among its ${kind}`,
          'Give the adapter another name.',
        );
  const further = Object.entries(adapters).map(([name, path]) => [name, { adapter: resolve(folder, path) }]);
  // As a recipe of their own, so that they have the defaults and the names that a recipe allows.
  const own = experimentOf(experiment.path, JSON.stringify({ ...bare, experts: Object.fromEntries(further) }), '');
  return {
    ...experiment,
    recipe: { ...recipe, experts: { ...recipe.experts, ...own.recipe.experts } },
    get baseFolder() {
      return experiment.baseFolder;
    },
  };
}

/** What every recipe has to say. */
const bare = { version: 1, base: 'embedded' };

/** A base without a recipe, with adapters that are its experts. Paths are relative to where the process runs. */
export function experimentOfBase(base: string, mediaFolder: string, adapters: Record<string, string>): Experiment {
  const path = resolve(`the base${recipeEnding}`);
  return withAdapters(experimentOf(path, JSON.stringify({ ...bare, base }), mediaFolder), adapters);
}

/** Where an expert's adapter lies: the one it names, or the one that training writes. */
export function adapterFolder({ recipe, folder, paths }: Experiment, expert: string): string {
  const named = recipe.experts[expert]?.adapter;
  return named ? resolve(folder, named) : paths.trainedAdapter(expert);
}

/** Where a named merge lies. */
export function mergeFolder({ recipe, folder, paths }: Experiment, name: string): string {
  const named = recipe.merges[name]?.out;
  return named ? resolve(folder, named) : paths.merge(name);
}

/** Where the adapter of an expert or of a merge lies. Throws `notFound` for a name that is neither's. */
export function expertOrMergeFolder(e: Experiment, name: string): string {
  const { experts, merges } = e.recipe;
  if (Object.hasOwn(experts, name)) return adapterFolder(e, name);
  if (Object.hasOwn(merges, name)) return mergeFolder(e, name);
  throw new WorkbenchError(
    'notFound',
    `no expert or merge is called '${name}'`,
    `There are: ${[...Object.keys(experts), ...Object.keys(merges)].join(', ') || 'none'}.`,
  );
}

/** The experts whose adapters are on disk. */
export async function trainedExperts(e: Experiment): Promise<string[]> {
  const names = Object.keys(e.recipe.experts);
  const present = await Promise.all(names.map(name => isThere(adapterPaths(adapterFolder(e, name)).config)));
  return names.filter((_, i) => present[i]);
}
