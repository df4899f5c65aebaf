import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { Uri, window, workspace } from 'vscode';
import { recipeEnding } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { recipeForData } from '../../recipe/recipeForData.ts';
import { type ActiveRecipe, baseSetting } from '../recipe/activeRecipe.ts';
import { addExperts, askNames, chooseRecipe } from '../recipe/addExperts.ts';
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
  const recipe = await chooseRecipe(active, 'Beside the data');
  if (recipe === undefined) return;
  const taken = recipe ? (await engine.request('describe', { recipe })).experts.map(e => e.name) : [];
  const names = await askNames(files, taken);
  if (!names) return;
  // The engine reads the files.
  for (const document of workspace.textDocuments)
    if (document.isDirty && files.includes(document.uri.fsPath)) await document.save();
  const paths = files.map(file => pathFrom(dirname(recipe), file));
  const written = recipe ? await addExperts(recipe, paths, names) : await writeRecipe(engine, files, names);
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

function pathFrom(folder: string, path: string): string {
  return relative(folder, path).replaceAll('\\', '/');
}

/** A recipe's path that is not taken. */
function freePath(stem: string): string {
  let path = stem + recipeEnding;
  for (let i = 2; existsSync(path); i++) path = `${stem}-${i}${recipeEnding}`;
  return path;
}
