import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { commands, l10n, ProgressLocation, Uri, window } from 'vscode';
import type { Params } from '../../protocol/contract.ts';
import type { MergeRequest, MergeResult } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { mergeMethods } from '../../protocol/mergeMethod.ts';
import type { blendApi } from '../../protocol/views/blend.ts';
import { count, significant, weightList } from '../../text/numbers.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { chooseRecipe } from '../runs/chooseTarget.ts';
import { withSignal } from '../services/cancellation.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { measureMerge } from './measureMerge.ts';

/** The commands over merges. Lenses name the recipe and the merge. */
export function mergeHandlers(engine: HostEngine, active: ActiveRecipe) {
  return {
    'multiLora.merge': (named?: Uri, name?: string) => mergeExperts(engine, active, named, name),
    'multiLora.measure': (named?: Uri, name?: string) => measureNamed(engine, active, named, name),
  };
}

/** Makes a merge that a recipe names, and tells how far it is from the exact sum. */
async function mergeExperts(engine: HostEngine, active: ActiveRecipe, named?: Uri, merge?: string): Promise<void> {
  const recipe = await chooseRecipe(active, named, 'Recipe with the merge');
  const name = recipe && (merge ?? (await chooseMerge(recipe)));
  if (!name) return;
  const result = await makeMerge(engine, name, { recipe: recipe.fsPath, merge: name });
  await tellMerge(name, result, () => measureMerge(engine, recipe, name));
}

/** Measures a merge that a recipe names, after it was made where it is not there yet. */
async function measureNamed(engine: HostEngine, active: ActiveRecipe, named?: Uri, merge?: string): Promise<void> {
  const recipe = await chooseRecipe(active, named, 'Recipe with the merge');
  const name = recipe && (merge ?? (await chooseMerge(recipe)));
  if (!name) return;
  const { merges } = await engine.request('describe', { recipe: recipe.fsPath });
  if (!merges.find(each => each.name === name)?.isMade)
    await makeMerge(engine, name, { recipe: recipe.fsPath, merge: name });
  await measureMerge(engine, recipe, name);
}

/** Merges with progress that can be cancelled. */
async function makeMerge(engine: HostEngine, name: string, params: MergeRequest): Promise<MergeResult> {
  const progress = { location: ProgressLocation.Notification, title: l10n.t('Merging {0}', name), cancellable: true };
  return window.withProgress(progress, (shown, token) =>
    withSignal(token, signal =>
      engine.request('merge', params, {
        signal,
        onProgress: ({ message, done, total }) =>
          shown.report({ message: l10n.t('{0}, {1} of {2}', message, count(done), count(total)) }),
      }),
    ),
  );
}

/** Tells what became of a merge; shows its folder, or measures it, where that is wanted. */
async function tellMerge(
  name: string,
  { path, rank, relativeError }: MergeResult,
  measure?: () => Promise<void>,
): Promise<void> {
  const error =
    relativeError === null
      ? 'the exact sum is zero, so there is no relative error'
      : `relative error ${significant(relativeError)} against the exact sum`;
  const show = l10n.t('Show the Folder');
  const actions = measure ? [l10n.t('Measure'), show] : [show];
  const picked = await window.showInformationMessage(
    l10n.t('{0} is merged: rank {1}, {2}.', name, rank, error),
    ...actions,
  );
  if (picked === l10n.t('Measure')) await measure?.();
  if (picked === show) await commands.executeCommand('revealInExplorer', Uri.file(path));
}

async function chooseMerge(recipe: Uri): Promise<string | undefined> {
  // The recipe's schema takes longer to load than activation may.
  const { parseRecipe } = await import('../../recipe/parse.ts');
  const { recipe: read, problems } = parseRecipe(await readFile(recipe.fsPath, 'utf8'));
  if (!read)
    throw new WorkbenchError('badRecipe', l10n.t('{0} has problems: {1}', recipe.fsPath, problems[0]!.message));
  const { mergeWeightsOf } = await import('../../recipe/settings.ts');
  const items = Object.entries(read.merges).map(([label, { method }]) => ({
    label,
    description: `${method}: ${weightList(mergeWeightsOf(read, label))}`,
  }));
  if (items.length === 0)
    throw new WorkbenchError(
      'notFound',
      l10n.t('The recipe names no merge.'),
      l10n.t('Add "merges": { NAME: { "weights": { … } } }.'),
    );
  const picked = items.length === 1 ? items[0] : await window.showQuickPick(items, { title: l10n.t('Which merge') });
  return picked?.label;
}

type Wish = Params<typeof blendApi.toHost, 'merge'>;

/** Asks for a folder and merges a blend into it; undefined where that was cancelled. */
export async function mergeBlend(
  engine: HostEngine,
  recipe: string,
  { method: named, into, ...wish }: Wish,
): Promise<string | undefined> {
  const method = mergeMethods.find(each => each === named);
  if (!method) throw new WorkbenchError('badRequest', l10n.t("There is no merge method '{0}'.", named));
  const kind = into === 'adapter' ? 'adapter' : 'full model';
  const folder = await window.showSaveDialog({
    title: l10n.t('Folder of the merged {0}', kind),
    saveLabel: l10n.t('Merge'),
    defaultUri: Uri.joinPath(Uri.file(dirname(recipe)), `merged-${into}`),
  });
  if (!folder) return undefined;
  const params = { recipe, ...wish, method, out: folder.fsPath, intoBase: into === 'model' };
  const result = await makeMerge(engine, 'the blend', params);
  void tellMerge('The blend', result);
  return result.path;
}
