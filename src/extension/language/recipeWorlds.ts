import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Disposable, type Event, EventEmitter, type Uri, workspace } from 'vscode';
import { baseFile } from '../../experiment/base.ts';
import { findBaseFolder, missingBase } from '../../experiment/baseFolder.ts';
import { defaultCacheFolder } from '../../experiment/cacheFolder.ts';
import { hubCacheFolder } from '../../experiment/hubCache.ts';
import { findData } from '../../experiment/hubDatasets.ts';
import { isWithinFolder } from '../../experiment/isWithinFolder.ts';
import { adapterPaths, experimentPaths, globs, isOfRun } from '../../experiment/paths.ts';
import { known, type RecipeWorld } from '../../recipe/language/recipeWorld.ts';
import type { RecipeReading } from '../../recipe/parse.ts';
import type { Runs } from '../runs/runs.ts';
import { readSetting } from '../services/settings.ts';
import { createFactCache } from './factCache.ts';

/** What recipes speak of beyond their texts, read in the background as it is asked for. */
export interface RecipeWorlds extends Disposable {
  worldOf(recipe: Uri, reading: RecipeReading): RecipeWorld;
  /** The folder or the GGUF file of a recipe's base; undefined for a model that is not there, and for what may not be looked up. */
  baseFolder(recipe: Uri, reading: RecipeReading): string | undefined;
  /** Whether a file that a recipe names may be looked up: in a workspace that is not trusted nothing outside of it may. */
  mayLookUp(recipe: Uri, path: string): boolean;
  /** Resolves when all that was asked for has been read. */
  settled(): Promise<void>;
  /** There is more to be known, or something else. */
  onDidChange: Event<void>;
}

/** Of a training on the CPU: 60e9 to 70e9 were measured with AVX-512, about half of it without. */
const operationsPerThread = 40e9;

export function createRecipeWorlds(extensionPath: string, runs: Runs, warn: (message: string) => void): RecipeWorlds {
  const changed = new EventEmitter<void>();
  const fire = () => changed.fire();
  /** Runs write their events all the while. */
  const look = ({ path }: Uri) => {
    if (!isOfRun(path)) fire();
  };
  const cache = createFactCache(join(extensionPath, 'dist', 'recipeFacts.mjs'), fire, warn);
  // Files whose change may change what is said of a recipe.
  const watcher = workspace.createFileSystemWatcher(globs.dataAndAdapters);
  const disposables = [
    changed,
    cache,
    watcher,
    watcher.onDidChange(look),
    watcher.onDidCreate(look),
    watcher.onDidDelete(look),
    workspace.onDidGrantWorkspaceTrust(fire),
  ];
  const cacheFolder = () => hubCacheFolder(readSetting('modelFolder'));
  const mayLookUp = (recipe: Uri, path: string) => {
    const within = limitOf(recipe);
    return within === undefined || isWithinFolder(resolve(dirname(recipe.fsPath), path), within);
  };
  const baseFolder = (recipe: Uri, parts: RecipeReading['parts']) => {
    const base = parts?.base ?? 'embedded';
    if (base !== 'embedded' && !mayLookUp(recipe, base)) return undefined;
    return findBaseFolder(base, {
      from: dirname(recipe.fsPath),
      mediaFolder: join(extensionPath, 'media'),
      cacheFolder: cacheFolder(),
    });
  };

  return {
    mayLookUp,
    baseFolder: (recipe, { parts }) => baseFolder(recipe, parts),
    worldOf(recipe, { parts }) {
      const recipeFolder = dirname(recipe.fsPath);
      const within = limitOf(recipe);
      const base = baseFolder(recipe, parts);
      const paths = experimentPaths(recipe.fsPath, { output: parts?.output });
      const trainedOn = (expert: string) => {
        const folder = paths.trainedAdapter(expert);
        return known(cache.get('adapter', { folder, name: expert }, adapterPaths(folder).config, within));
      };
      const baseFacts = () => {
        if (base === undefined && !mayLookUp(recipe, parts?.base ?? ''))
          return {
            unreadable: 'broken' as const,
            reason: `'${parts?.base}' lies outside of the workspace, which is not trusted: it is not looked up`,
          };
        if (base === undefined) {
          const { message, hint } = missingBase(parts?.base ?? '', recipeFolder, cacheFolder());
          return { unreadable: 'broken' as const, reason: `${message}. ${hint}` };
        }
        const facts = cache.get('base', { folder: base }, baseFile(base));
        return facts && !('unreadable' in facts) ? { ...facts, hash: hashOf(base) } : facts;
      };
      /** Of weights that may be gigabytes: only where there is something to compare it with. */
      const hashOf = (folder: string) => {
        const isNeeded = Object.entries(parts?.experts ?? {}).some(([expert, { adapter }]) => {
          const origin = adapter === undefined ? trainedOn(expert) : known(adapterFacts(adapter));
          return origin?.baseHash;
        });
        if (!isNeeded) return undefined;
        const request = { folder, cacheFolder: readSetting('cacheFolder') || defaultCacheFolder() };
        const file = baseFile(folder);
        return cache.get('baseHash', request, file === folder ? file : join(folder, 'model.safetensors'));
      };
      const adapterFacts = (path: string) => {
        const folder = resolve(recipeFolder, path);
        return cache.get('adapter', { folder, name: path }, adapterPaths(folder).config, within);
      };
      // Checks and hints ask for it with every expert.
      let facts: { base: ReturnType<typeof baseFacts> } | undefined;
      return {
        get base() {
          facts ??= { base: baseFacts() };
          return facts.base;
        },
        data(path, reading) {
          const { files } = findData(recipeFolder, path, cacheFolder());
          return cache.get('data', { files, name: path, reading }, files[0] ?? resolve(recipeFolder, path), within);
        },
        adapter: adapterFacts,
        trainedOn,
        learned(path, reading) {
          const { files } = findData(recipeFolder, path, cacheFolder());
          // A chat template is a program: that of a folder which is not trusted is not run.
          const isRun = base !== undefined && workspace.isTrusted;
          if (!isRun || files.length === 0) return undefined;
          const thinking = parts?.generation?.thinking === true;
          return cache.get('learned', { files, name: path, base, thinking, reading }, files[0]!);
        },
        tokensPerSecond: lastSpeed(recipe, runs),
        operationsPerSecond: availableParallelism() * operationsPerThread,
      };
    },
    settled: cache.settled,
    onDidChange: changed.event,
    dispose: () => disposables.forEach(d => d.dispose()),
  };
}

/** The folder that nothing may be looked up outside of: that of a workspace which is not trusted, else the recipe's own. */
function limitOf(recipe: Uri): string | undefined {
  if (workspace.isTrusted) return undefined;
  return workspace.getWorkspaceFolder(recipe)?.uri.fsPath ?? dirname(recipe.fsPath);
}

function lastSpeed(recipe: Uri, runs: Runs): number | undefined {
  for (const { events } of runs.of(recipe)) {
    const step = events.findLast(event => event.type === 'step');
    if (step) return step.tokensPerSecond;
  }
  return undefined;
}
