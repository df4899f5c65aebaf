import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { type Disposable, type Event, EventEmitter, type Uri, workspace } from 'vscode';
import { defaultCacheFolder } from '../../experiment/cacheFolder.ts';
import { hubCacheFolder } from '../../experiment/hubCache.ts';
import { globs, isOfRun } from '../../experiment/paths.ts';
import { baseOfRecipe, mayLookUp, type WorldPlaces, worldOfRecipe } from '../../experiment/recipeWorld.ts';
import type { RecipeWorld } from '../../recipe/language/recipeWorld.ts';
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
  const placesOf = (recipe: Uri): WorldPlaces => ({
    mediaFolder: join(extensionPath, 'media'),
    hubCache: hubCacheFolder(readSetting('modelFolder')),
    cacheFolder: readSetting('cacheFolder') || defaultCacheFolder(),
    within: limitOf(recipe),
  });

  return {
    mayLookUp: (recipe, path) => mayLookUp(recipe.fsPath, path, limitOf(recipe)),
    baseFolder: (recipe, { parts }) => baseOfRecipe(recipe.fsPath, parts, placesOf(recipe)),
    worldOf(recipe, { parts }) {
      const places = placesOf(recipe);
      const { within } = places;
      const world = worldOfRecipe(recipe.fsPath, parts, places, (kind, request, file) =>
        // Those of the base and of what lies in the Hugging Face cache are within nothing.
        cache.get(kind, request, file, kind === 'data' || kind === 'adapter' ? within : undefined),
      );
      // The base is looked up when it is asked for: no copy.
      return Object.assign(world, {
        tokensPerSecond: lastSpeed(recipe, runs),
        operationsPerSecond: availableParallelism() * operationsPerThread,
      });
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
