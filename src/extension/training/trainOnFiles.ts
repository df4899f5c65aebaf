import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { Range, Uri, WorkspaceEdit, window, workspace } from 'vscode';
import { recipeEnding } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { addExpert } from '../../recipe/edit.ts';
import { namePattern, nameRule, reservedNames } from '../../recipe/names.ts';
import { expertNames, recipeForData } from '../../recipe/recipeForData.ts';
import { type ActiveRecipe, baseSetting } from '../recipe/activeRecipe.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { requireTrust } from '../services/requireTrust.ts';
import { readSetting, trainingSettings } from '../services/settings.ts';
import { writeNewFile } from '../services/writeNewFile.ts';

/**
 * Makes an expert of each data file: asks for names, base and recipe, writes that down beside the data or into a recipe
 * that is there, and trains.
 */
export async function trainOnFiles(
  engine: HostEngine,
  active: ActiveRecipe,
  selected: Uri[],
  train: (recipe: Uri, only: string[]) => Promise<void>,
): Promise<void> {
  requireTrust();
  const files = dataFiles(selected);
  const recipe = await chooseRecipe(active);
  if (recipe === undefined) return;
  const taken = recipe ? (await engine.request('describe', { recipe })).experts.map(e => e.name) : [];
  const names = await askNames(files, taken);
  if (!names) return;
  // The engine reads the files.
  for (const document of workspace.textDocuments)
    if (document.isDirty && files.includes(document.uri.fsPath)) await document.save();
  const written = recipe ? await addExperts(recipe, files, names) : await writeRecipe(engine, files, names);
  if (!written) return;
  await window.showTextDocument(written, { preserveFocus: true });
  await train(written, names);
}

function dataFiles(selected: Uri[]): string[] {
  const open = window.activeTextEditor?.document.uri;
  const uris = selected.length > 0 ? selected : open ? [open] : [];
  const files = uris.map(uri => uri.fsPath).filter(path => /\.((jsonl|json|csv|tsv)(\.gz)?|parquet)$/i.test(path));
  if (files.length > 0) return files;
  throw new WorkbenchError(
    'badRequest',
    'No data file is open.',
    'Open or select a .jsonl, .json, .csv, .tsv or .parquet file.',
  );
}

/** A recipe that gets the experts, '' for a new one, undefined where the user gave up. */
async function chooseRecipe(active: ActiveRecipe): Promise<string | undefined> {
  const recipes = await active.recipes();
  if (recipes.length === 0) return '';
  const items = [
    { label: '$(new-file) New recipe', detail: 'Beside the data', path: '' },
    ...recipes.map(path => ({ label: `$(file-code) ${workspace.asRelativePath(path)}`, detail: 'Add to it', path })),
  ];
  return (await window.showQuickPick(items, { title: 'Recipe that the expert is written into' }))?.path;
}

async function askNames(files: string[], taken: readonly string[]): Promise<string[] | undefined> {
  const names: string[] = [];
  for (const [i, suggested] of expertNames(files).entries()) {
    const others = [...taken, ...names];
    const name = await window.showInputBox({
      title: files.length > 1 ? `Name of the expert (${i + 1} of ${files.length})` : 'Name of the expert',
      prompt: `It learns from ${basename(files[i]!)}.`,
      value: suggested,
      validateInput: text => nameProblem(text.trim(), others),
    });
    if (name === undefined) return undefined;
    names.push(name.trim());
  }
  return names;
}

function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!namePattern.test(name)) return `A name ${nameRule}.`;
  if (reservedNames.includes(name)) return `“${name}” stands for something else.`;
  return taken.includes(name) ? `The recipe has an expert “${name}” already.` : undefined;
}

async function writeRecipe(engine: HostEngine, files: string[], names: string[]): Promise<Uri | undefined> {
  const folder = dirname(files[0]!);
  const base = await chooseBase(engine, folder);
  if (!base) return undefined;
  const name = names.length === 1 ? names[0]! : 'experts';
  const paths = files.map(file => pathFrom(folder, file));
  const text = recipeForData(name, base, paths, { names, ...trainingSettings() });
  const recipe = freePath(join(folder, name));
  await writeNewFile(recipe, text);
  return Uri.file(recipe);
}

/** As the recipe names it. Asked for only where there is a choice. */
async function chooseBase(engine: HostEngine, folder: string): Promise<string | undefined> {
  const { models, local } = await engine.request('listModels', {});
  const preferred = baseSetting(readSetting('base'));
  const named = isAbsolute(preferred) ? pathFrom(folder, preferred) : preferred;
  const ofOthers = local.filter(({ reason }) => reason === undefined).map(({ base }) => base);
  const bases = [...new Set([named, 'embedded', ...models.map(model => model.repo), ...ofOthers])];
  if (bases.length === 1) return named;
  const items = bases.map(label => ({ label, description: label === named ? 'as set' : undefined }));
  return (await window.showQuickPick(items, { title: 'Base that the expert is trained on' }))?.label;
}

/** Adds experts to a recipe; its editor can undo it. */
async function addExperts(recipe: string, files: string[], names: string[]): Promise<Uri> {
  const document = await workspace.openTextDocument(recipe);
  const before = document.getText();
  const text = names.reduce(
    (written, name, i) => addExpert(written, name, pathFrom(dirname(recipe), files[i]!)),
    before,
  );
  const edit = new WorkspaceEdit();
  edit.replace(document.uri, new Range(document.positionAt(0), document.positionAt(before.length)), text);
  await workspace.applyEdit(edit);
  await document.save();
  return document.uri;
}

function pathFrom(folder: string, path: string): string {
  return relative(folder, path).replaceAll('\\', '/');
}

/** A recipe's path that is not taken. */
function freePath(stem: string): string {
  let path = stem + recipeEnding;
  for (let i = 2; existsSync(path); i++) path = `${stem}-${i}${recipeEnding}`;
  return path;
}
