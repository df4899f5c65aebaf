import { l10n, Uri, window, workspace } from 'vscode';
import { recipeEnding } from '../../experiment/paths.ts';
import { readExperimentPaths } from '../../experiment/readExperimentPaths.ts';
import type { DescribedExpert } from '../../protocol/engine/experts.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { canResume } from '../../protocol/runState.ts';
import { listing } from '../../text/numbers.ts';
import { placeName } from '../../text/trainingPlace.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { requireTrust } from '../services/requireTrust.ts';
import type { Run } from './run.ts';
import type { Runs, TrainOptions } from './runs.ts';
import { progressText, runTitle } from './runText.ts';

/** The recipe that is meant, saved: the engine reads the file. */
export async function chooseRecipe(active: ActiveRecipe, named: unknown, title: string): Promise<Uri | undefined> {
  const uri = await nameRecipe(active, named, title);
  const documents = [...workspace.textDocuments, ...workspace.notebookDocuments];
  await documents.find(document => document.isDirty && document.uri.fsPath === uri?.fsPath)?.save();
  await active.names.settled();
  return uri;
}

/** The recipe that is meant: the one a menu names, the one in the editor, the only one there is, or the user's pick. */
export async function nameRecipe(active: ActiveRecipe, named: unknown, title: string): Promise<Uri | undefined> {
  requireTrust();
  const open = [window.activeTextEditor?.document.uri, window.activeNotebookEditor?.notebook.uri];
  const meant = [named, ...open].find((uri): uri is Uri => uri instanceof Uri && uri.path.endsWith(recipeEnding));
  const found = meant ? [meant.fsPath] : await active.recipes();
  if (found.length === 0)
    throw new WorkbenchError(
      'notFound',
      l10n.t('There is no *.lora.json in this workspace.'),
      l10n.t('Write one, or run “Train an Expert on This File…” on a data file.'),
    );
  const items = found.map(path => ({ label: workspace.asRelativePath(path), path }));
  const picked = items.length === 1 ? items[0] : await window.showQuickPick(items, { title });
  return picked && Uri.file(picked.path);
}

/** The experts of a recipe that are to be trained. Throws `badRecipe` where none has data. */
export async function chooseExperts(
  engine: HostEngine,
  recipe: Uri,
  title = l10n.t('Experts to train, together on one frozen base'),
): Promise<string[] | undefined> {
  const { experts } = await engine.request('describe', { recipe: recipe.fsPath });
  const trainable = experts.filter(e => e.isTrainable);
  if (trainable.length === 0)
    throw new WorkbenchError(
      'badRecipe',
      l10n.t('No expert of {0} has training data.', workspace.asRelativePath(recipe)),
      l10n.t('Add "experts": { NAME: { "data": { "train": FILE } } }.'),
    );
  if (trainable.length === 1) return [trainable[0]!.name];
  const picked = await window.showQuickPick(trainable.map(expertItem), {
    title,
    placeHolder: trainable.every(e => e.isTrained) ? l10n.t('All are trained: choose which to train again') : undefined,
    canPickMany: true,
  });
  return picked && picked.length > 0 ? picked.map(item => item.label) : undefined;
}

/** Trained experts are not chosen beforehand: what they learned would be replaced. */
function expertItem({ name, description, isTrained }: DescribedExpert) {
  return {
    label: name,
    description: isTrained ? l10n.t('trained; training it again replaces what it learned') : '',
    detail: description,
    picked: !isTrained,
  };
}

/** Whether a training may take the place of what experts have learned; the user is asked where some have. */
export async function mayReplace(
  engine: HostEngine,
  recipe: Uri,
  { only, from }: Pick<TrainOptions, 'only' | 'from'>,
): Promise<boolean> {
  const trained = await trainedOf(engine, recipe, only);
  if (trained.length === 0) return true;
  const [keep, replace] = [l10n.t('Keep a Copy and Train'), l10n.t('Replace')];
  const begins = from ? l10n.t('from step {0} of an earlier run', from.step) : l10n.t('from the beginning');
  const message =
    trained.length > 1
      ? l10n.t('{0} are trained. Train again, {1}?', listing(trained), begins)
      : l10n.t('{0} is trained. Train again, {1}?', listing(trained), begins);
  const detail = l10n.t(
    'Training replaces what was learned before. A copy is kept in the folder “previous” of the recipe’s results.',
  );
  const picked = await window.showWarningMessage(message, { modal: true, detail }, keep, replace);
  if (picked === keep) await keepCopies(recipe, trained);
  return picked !== undefined;
}

/** Copies what a training will replace, where nobody is there to be asked; gives the folders of the copies. */
export async function keepTrained(
  engine: HostEngine,
  recipe: Uri,
  only: readonly string[] | undefined,
): Promise<string[]> {
  return keepCopies(recipe, await trainedOf(engine, recipe, only));
}

/** Those of experts that have learned something that a training would replace. */
async function trainedOf(engine: HostEngine, recipe: Uri, only: readonly string[] | undefined): Promise<string[]> {
  const { experts } = await engine.request('describe', { recipe: recipe.fsPath });
  const isMeant = (name: string) => only === undefined || only.includes(name);
  // An adapter that the recipe names is not one that training writes.
  return experts.filter(e => e.isTrainable && isMeant(e.name) && e.adapter?.isOwn).map(e => e.name);
}

async function keepCopies(recipe: Uri, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const paths = await readExperimentPaths(recipe.fsPath);
  const { keepAdapter } = await import('../../experiment/keepAdapter.ts');
  const folders: string[] = [];
  for (const name of names) {
    const folder = await keepAdapter(paths, name);
    if (folder !== undefined) folders.push(folder);
  }
  return folders;
}

/** Whether to go on where the last training of these experts was left; undefined when neither is wanted. */
export async function chooseResume(runs: Runs, recipe: Uri, experts: string[]): Promise<boolean | undefined> {
  await runs.found();
  const names = [...experts].sort().join();
  const last = runs.of(recipe).find(run => run.kind === 'train' && [...run.experts].sort().join() === names);
  if (!last || !canResume(last) || !last.progress) return false;
  return askToGoOn(last);
}

/** Whether a training goes on from its last checkpoint; undefined when neither that nor another is wanted. */
export async function askToGoOn(last: Run): Promise<boolean | undefined> {
  const items = [
    {
      label: l10n.t('$(debug-continue) Continue'),
      description: l10n.t('from the last checkpoint; {0}', progressOf(last)),
      resume: true,
    },
    { label: l10n.t('$(debug-restart) Train anew'), description: l10n.t('from the beginning'), resume: false },
  ];
  const picked = await window.showQuickPick(items, { title: l10n.t('This training was not finished') });
  return picked?.resume;
}

/** One of several runs; undefined when there are none, which is said, or none is wanted. */
export async function chooseRun(candidates: Run[], title: string, none: string): Promise<Run | undefined> {
  if (candidates.length === 0) {
    void window.showInformationMessage(none);
    return undefined;
  }
  const items = candidates.map(run => ({
    label: runTitle(run),
    description: workspace.asRelativePath(run.recipe),
    detail:
      run.state === 'running' ? `${progressText(run)}${run.isHere ? '' : ' · in another window'}` : progressOf(run),
    run,
  }));
  return (await window.showQuickPick(items, { title }))?.run;
}

function progressOf({ progress, startedAt, on }: Run): string {
  const where = on ? l10n.t('on {0}, ', placeName(on)) : '';
  const how = progress && progress.total > 0 ? `step ${progress.done} of ${progress.total}, ` : '';
  return `${where}${how}begun ${new Date(startedAt).toLocaleString()}`;
}
