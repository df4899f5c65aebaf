import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { l10n, Uri, window, workspace } from 'vscode';
import { recipeEnding } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ExpertData } from '../../recipe/expertData.ts';
import { recipeForData } from '../../recipe/recipeForData.ts';
import { type ActiveRecipe, baseSetting } from '../recipe/activeRecipe.ts';
import { addExperts, askNames, chooseRecipe } from '../recipe/addExperts.ts';
import { expertsData, isDataFile, pathFrom } from '../recipe/dataFiles.ts';
import { readableData } from '../recipe/readableData.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { requireTrust } from '../services/requireTrust.ts';
import { readSetting, trainingSettings } from '../services/settings.ts';
import { writeNewFile } from '../services/writeNewFile.ts';

/**
 * Makes an expert of each data file: reads them, asks for names, base and recipe, writes that down beside the data or into
 * a recipe that is there, and trains. Held-out data that is named after a file becomes its expert's set.
 */
export async function trainOnFiles(
  engine: HostEngine,
  active: ActiveRecipe,
  selected: Uri[],
  train: (recipe: Uri, only: string[]) => Promise<void>,
): Promise<void> {
  requireTrust();
  const files = chosenFiles(selected);
  // The engine reads the files.
  for (const document of workspace.textDocuments)
    if (document.isDirty && files.includes(document.uri.fsPath)) await document.save();
  const beside = dirname(files[0]!);
  const data = await readableData(engine, beside, await expertsData(beside, files));
  if (!data) return;
  const recipe = await chooseRecipe(active, 'Beside the data');
  if (recipe === undefined) return;
  const taken = recipe ? (await engine.request('describe', { recipe })).experts.map(e => e.name) : [];
  const names = await askNames(
    data.map(({ train }) => train),
    taken,
  );
  if (!names) return;
  const written = recipe
    ? await addExperts(recipe, dataFrom(dirname(recipe), beside, data), names)
    : await writeRecipe(engine, beside, data, names);
  if (!written) return;
  await window.showTextDocument(written, { preserveFocus: true });
  await train(written, names);
}

function chosenFiles(selected: Uri[]): string[] {
  const open = window.activeTextEditor?.document.uri;
  const uris = selected.length > 0 ? selected : open ? [open] : [];
  const files = uris.map(uri => uri.fsPath).filter(isDataFile);
  if (files.length > 0) return files;
  throw new WorkbenchError(
    'badRequest',
    l10n.t('No data file is open.'),
    l10n.t('Open or select a .jsonl, .json, .csv, .tsv or .parquet file.'),
  );
}

/** Data of a folder as a recipe in another one names it. */
function dataFrom(folder: string, from: string, data: readonly ExpertData[]): ExpertData[] {
  const moved = (path: string) => pathFrom(folder, join(from, path));
  return data.map(({ train, validation, heldOut, columns }) => ({
    train: moved(train),
    ...(validation !== undefined && { validation: moved(validation) }),
    ...(heldOut !== undefined && { heldOut: moved(heldOut) }),
    ...(columns && { columns }),
  }));
}

async function writeRecipe(
  engine: HostEngine,
  folder: string,
  data: ExpertData[],
  names: string[],
): Promise<Uri | undefined> {
  const base = await chooseBase(engine, folder);
  if (!base) return undefined;
  const name = names.length === 1 ? names[0]! : 'experts';
  const text = recipeForData(name, base, data, { names, ...trainingSettings() });
  const recipe = freePath(join(folder, name));
  await writeNewFile(recipe, text);
  return Uri.file(recipe);
}

/** As the recipe names it. Asked for only where there is a choice. */
async function chooseBase(engine: HostEngine, folder: string): Promise<string | undefined> {
  const { models, local } = await engine.request('listModels', {});
  const preferred = baseSetting(readSetting('base'));
  const named = isAbsolute(preferred) ? pathFrom(folder, preferred) : preferred;
  // Recipes name those of other programs by long paths, which say little.
  const ofOthers = new Map(local.filter(({ reason }) => reason === undefined).map(model => [model.base, model]));
  const bases = [...new Set([named, 'embedded', ...models.map(model => model.repo), ...ofOthers.keys()])];
  if (bases.length === 1) return named;
  const items = bases.map(base => {
    const { name = base, owner } = ofOthers.get(base) ?? {};
    const description = [owner, base === named ? 'as set' : undefined].filter(Boolean).join(' · ');
    return { label: name, description, base };
  });
  return (await window.showQuickPick(items, { title: l10n.t('Base that the expert is trained on') }))?.base;
}

/** A recipe's path that is not taken. */
function freePath(stem: string): string {
  let path = stem + recipeEnding;
  for (let i = 2; existsSync(path); i++) path = `${stem}-${i}${recipeEnding}`;
  return path;
}
