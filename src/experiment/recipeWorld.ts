import { dirname, join, resolve } from 'node:path';
import { known, type RecipeWorld } from '../recipe/language/recipeWorld.ts';
import type { RecipeReading } from '../recipe/parse.ts';
import { baseFile } from './base.ts';
import { findBaseFolder, missingBase } from './baseFolder.ts';
import { findData } from './hubDatasets.ts';
import { isWithinFolder } from './isWithinFolder.ts';
import { adapterPaths, experimentPaths } from './paths.ts';
import type { FactKind, FactRequests } from './readFacts.ts';

/** Where what a recipe names is looked for. */
export interface WorldPlaces {
  /** What is shipped, the embedded base with it. */
  mediaFolder: string;
  /** The Hugging Face cache, and the cache of what is made of bases. */
  hubCache: string;
  cacheFolder: string;
  /** The folder that nothing is looked up outside of, where the recipe is not trusted. */
  within?: string | undefined;
}

/** A fact as far as it is known; `file` is what it comes from. */
export type GetFact = <K extends FactKind>(
  kind: K,
  request: FactRequests[K][0],
  file: string,
) => FactRequests[K][1] | undefined;

/** Whether a file that a recipe names may be looked up. */
export function mayLookUp(recipe: string, path: string, within: string | undefined): boolean {
  return within === undefined || isWithinFolder(resolve(dirname(recipe), path), within);
}

/** The folder or the GGUF file of a recipe's base; undefined for a model that is not there, and for what may not be looked up. */
export function baseOfRecipe(recipe: string, parts: RecipeReading['parts'], places: WorldPlaces): string | undefined {
  const base = parts?.base ?? 'embedded';
  if (base !== 'embedded' && !mayLookUp(recipe, base, places.within)) return undefined;
  return findBaseFolder(base, {
    from: dirname(recipe),
    mediaFolder: places.mediaFolder,
    cacheFolder: places.hubCache,
  });
}

/** What a recipe speaks of beyond its text, of the facts that `get` has. */
export function worldOfRecipe(
  recipe: string,
  parts: RecipeReading['parts'],
  places: WorldPlaces,
  get: GetFact,
): RecipeWorld {
  const { hubCache, cacheFolder, within } = places;
  const recipeFolder = dirname(recipe);
  const base = baseOfRecipe(recipe, parts, places);
  const paths = experimentPaths(recipe, { output: parts?.output });
  const trainedOn = (expert: string) => {
    const folder = paths.trainedAdapter(expert);
    return known(get('adapter', { folder, name: expert }, adapterPaths(folder).config));
  };
  const baseFacts = () => {
    if (base === undefined && !mayLookUp(recipe, parts?.base ?? '', within))
      return {
        unreadable: 'broken' as const,
        reason: `'${parts?.base}' lies outside of the workspace, which is not trusted: it is not looked up`,
      };
    if (base === undefined) {
      const { message, hint } = missingBase(parts?.base ?? '', recipeFolder, hubCache);
      return { unreadable: 'broken' as const, reason: `${message}. ${hint}` };
    }
    const facts = get('base', { folder: base }, baseFile(base));
    return facts && !('unreadable' in facts) ? { ...facts, hash: hashOf(base) } : facts;
  };
  /** Of weights that may be gigabytes: only where there is something to compare it with. */
  const hashOf = (folder: string) => {
    const isNeeded = Object.entries(parts?.experts ?? {}).some(([expert, { adapter }]) => {
      const origin = adapter === undefined ? trainedOn(expert) : known(adapterFacts(adapter));
      return origin?.baseHash;
    });
    if (!isNeeded) return undefined;
    const file = baseFile(folder);
    return get('baseHash', { folder, cacheFolder }, file === folder ? file : join(folder, 'model.safetensors'));
  };
  const adapterFacts = (path: string) => {
    const folder = resolve(recipeFolder, path);
    return get('adapter', { folder, name: path }, adapterPaths(folder).config);
  };
  // Checks and hints ask for it with every expert.
  let facts: { base: ReturnType<typeof baseFacts> } | undefined;
  return {
    get base() {
      facts ??= { base: baseFacts() };
      return facts.base;
    },
    data(path, reading) {
      const { files } = findData(recipeFolder, path, hubCache);
      return get('data', { files, name: path, reading }, files[0] ?? resolve(recipeFolder, path));
    },
    adapter: adapterFacts,
    trainedOn,
    learned(path, reading) {
      const { files } = findData(recipeFolder, path, hubCache);
      // A chat template is a program: that of a folder which is not trusted is not run.
      const isRun = base !== undefined && within === undefined;
      if (!isRun || files.length === 0) return undefined;
      const thinking = parts?.generation?.thinking === true;
      return get('learned', { files, name: path, base, thinking, reading }, files[0]!);
    },
  };
}
