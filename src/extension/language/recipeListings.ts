import { basename, dirname, join, relative, sep } from 'node:path';
import { RelativePattern, type Uri, workspace } from 'vscode';
import { cachedModels, hubCacheFolder } from '../../experiment/hubCache.ts';
import { cachedDatasets } from '../../experiment/hubDatasets.ts';
import { ggufProblem, localModels } from '../../experiment/localModels.ts';
import { globs } from '../../experiment/paths.ts';
import { isFirstOfModel } from '../../hub/ggufFiles.ts';
import type { RecipeListings } from '../../recipe/language/completion.ts';
import { bytes } from '../../text/numbers.ts';
import { readSetting } from '../services/settings.ts';

/** More than one reads through in a list. */
const mostFiles = 500;
const excluded = '**/{node_modules,.git}/**';

/** What the workspace, the Hugging Face cache and other programs' models offer to a recipe, of what is asked for alone: to look takes time. */
export async function listForRecipe(recipe: Uri, listed: keyof RecipeListings | undefined): Promise<RecipeListings> {
  const listings: RecipeListings = { dataFiles: [], adapters: [], bases: [] };
  const folder = dirname(recipe.fsPath);
  const find = async (pattern: string, exclude = excluded): Promise<string[]> => {
    const within = workspace.getWorkspaceFolder(recipe)?.uri ?? recipe.with({ path: dirname(recipe.path) });
    const found = await workspace.findFiles(new RelativePattern(within, pattern), exclude, mostFiles);
    return found.map(uri => relative(folder, uri.fsPath).split(sep).join('/')).sort();
  };
  const parent = (path: string) => path.split('/').slice(0, -1).join('/') || '.';
  switch (listed) {
    case 'dataFiles': {
      const [files, cached] = await Promise.all([
        find('**/*.{jsonl,csv,tsv,parquet,jsonl.gz,json.gz,csv.gz,tsv.gz}', globs.notData),
        cachedDatasets(hubCacheFolder(readSetting('modelFolder'))),
      ]);
      const fromCache = cached.map(({ name, bytes: size }) => ({ name, from: `Hugging Face cache · ${bytes(size)}` }));
      return { ...listings, dataFiles: [...files.map(name => ({ name })), ...fromCache] };
    }
    case 'adapters':
      return { ...listings, adapters: (await find(globs.adapters)).map(parent) };
    case 'bases': {
      const cacheFolder = hubCacheFolder(readSetting('modelFolder'));
      const [weights, ggufFiles, cached, local] = await Promise.all([
        find('**/model.safetensors{,.index.json}'),
        find('**/*.gguf'),
        cachedModels(cacheFolder),
        localModels(cacheFolder),
      ]);
      const fromCache = cached.map(name => ({ name, from: 'Hugging Face cache' }));
      const folders = [...new Set(weights.map(parent))].map(name => ({ name, from: 'folder' }));
      const ggufs = [
        ...local.map(({ base, path, owner, bytes: size }) => ({ name: base, path, from: `${owner} · ${bytes(size)}` })),
        ...ggufFiles
          .filter(file => isFirstOfModel(basename(file)))
          .map(name => ({ name, path: join(folder, name), from: 'GGUF file' })),
      ];
      const usable: RecipeListings['bases'] = [];
      // Adapters are GGUF files, too.
      for (const { name, path, from } of ggufs)
        if ((await ggufProblem(path)) === undefined) usable.push({ name, from });
      return { ...listings, bases: [...fromCache, ...usable, ...folders] };
    }
    case undefined:
      return listings;
  }
}
