import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { l10n, type QuickPickItem, Uri, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ExpertData } from '../../recipe/expertData.ts';
import type { Recipe } from '../../recipe/schema.ts';
import { listing, plural } from '../../text/numbers.ts';
import { editDocument } from '../services/editDocument.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { writeNewFile } from '../services/writeNewFile.ts';
import { expertsData, isDataFile, pathFrom } from './dataFiles.ts';
import { readableData } from './readableData.ts';

/** The share of an expert's examples that is set aside, and the most that is: intervals are narrow enough by then. */
const [share, mostBytes] = [0.1, 100_000_000];

/** What of a recipe's experts can be measured after the user was asked. */
export interface AddedSets {
  /** Experts that have learned from what they would now be measured on: they are to be trained first. */
  toTrain: string[];
}

/**
 * Sees to it that a recipe has held-out sets to be evaluated on: where it has none, those that lie beside its data, or the
 * user says where they come from. Undefined where nobody wants any. A recipe with problems is left to who evaluates it.
 */
export async function ensureHeldOutSets(engine: HostEngine, uri: Uri): Promise<AddedSets | undefined> {
  const { parseRecipe } = await import('../../recipe/parse.ts');
  const document = await workspace.openTextDocument(uri);
  const { recipe } = parseRecipe(document.getText());
  if (!recipe || Object.keys(recipe.evaluation.sets).length > 0) return { toTrain: [] };
  const folder = dirname(uri.fsPath);
  const experts = Object.entries(recipe.experts).filter(([, { data }]) => data);
  const found = await besideData(folder, experts);
  const way = await chooseWay(uri, found, experts.length > 0);
  if (!way) return undefined;
  if (way === 'found') return write(uri, found);
  return way === 'file' ? chooseFile(engine, uri, experts) : setAside(engine, uri, experts);
}

type Experts = [string, Recipe['experts'][string]][];
type FoundSet = [expert: string, data: ExpertData];
type Way = 'found' | 'aside' | 'file';

/** Held-out files that are named after what experts learn from. */
async function besideData(folder: string, experts: Experts): Promise<FoundSet[]> {
  const sets: FoundSet[] = [];
  for (const [name, { data }] of experts) {
    const [paired] = await expertsData(folder, [resolve(folder, data!.train)]);
    if (paired?.heldOut !== undefined) sets.push([name, { ...paired, ...columnsOf(data) }]);
  }
  return sets;
}

function columnsOf(data: Recipe['experts'][string]['data']): Pick<ExpertData, 'columns'> {
  return data?.columns ? { columns: data.columns as Record<string, string> } : {};
}

async function chooseWay(uri: Uri, found: readonly FoundSet[], hasData: boolean): Promise<Way | undefined> {
  const items: (QuickPickItem & { way: Way })[] = [
    ...(found.length > 0
      ? [
          {
            label: l10n.t('$(file) Use {0}', listing(found.map(([, { heldOut }]) => basename(heldOut!)))),
            detail: l10n.t('Named after the data of {0}', listing(found.map(([name]) => name))),
            way: 'found' as const,
          },
        ]
      : []),
    ...(hasData
      ? [
          {
            label: l10n.t('$(split-horizontal) Set Examples Aside'),
            detail: l10n.t('Every tenth prompt goes into a separate file; the data file stays as it is'),
            way: 'aside' as const,
          },
        ]
      : []),
    {
      label: l10n.t('$(folder-opened) Choose a File…'),
      detail: l10n.t('Examples that no expert has learned from'),
      way: 'file' as const,
    },
  ];
  const picked = await window.showQuickPick(items, {
    title: l10n.t('{0} has no held-out examples for evaluation', basename(uri.fsPath)),
    placeHolder: l10n.t('Where should they come from?'),
  });
  return picked?.way;
}

/** Writes sets into the recipe, as one edit that can be undone. */
async function write(
  uri: Uri,
  sets: readonly FoundSet[],
  change: (text: string) => string = text => text,
): Promise<AddedSets> {
  const { addSet } = await import('../../recipe/edit.ts');
  const document = await workspace.openTextDocument(uri);
  const text = sets.reduce((written, [name, data]) => addSet(written, name, name, data), change(document.getText()));
  await editDocument(document, text);
  await document.save();
  return { toTrain: [] };
}

async function chooseFile(engine: HostEngine, uri: Uri, experts: Experts): Promise<AddedSets | undefined> {
  const folder = dirname(uri.fsPath);
  const [file] =
    (await window.showOpenDialog({
      title: l10n.t('Examples to evaluate on'),
      openLabel: l10n.t('Evaluate on It'),
      defaultUri: Uri.file(folder),
      filters: { Examples: ['jsonl', 'json', 'csv', 'tsv', 'parquet', 'gz'] },
    })) ?? [];
  if (!file) return undefined;
  const names = experts.map(([name]) => name);
  const expert =
    names.length > 1
      ? await window.showQuickPick(names, { title: l10n.t('Which expert do these examples test?') })
      : names[0];
  if (expert === undefined) return undefined;
  const [data] = (await readableData(engine, folder, [{ train: pathFrom(folder, file.fsPath) }])) ?? [];
  return data && write(uri, [[expert, { ...data, heldOut: data.train }]]);
}

/** Splits the data of experts into what is learned and what is measured; trained experts have seen both. */
async function setAside(engine: HostEngine, uri: Uri, experts: Experts): Promise<AddedSets | undefined> {
  const folder = dirname(uri.fsPath);
  const [{ splitDataFile }, { readBytes }, { writeSetting }] = await Promise.all([
    import('../../experiment/splitDataFile.ts'),
    import('../../experiment/files.ts'),
    import('../../recipe/edit.ts'),
  ]);
  const splits = [];
  for (const [name, { data }] of experts) {
    const { train, system } = data!;
    const path = resolve(folder, train);
    if (!isDataFile(path) || !existsSync(path))
      throw new WorkbenchError(
        'unsupported',
        l10n.t('{0} cannot be split here: it is not a file of JSONL, JSON, CSV or Parquet', train),
        l10n.t('Choose a file with held-out examples instead.'),
      );
    const reading = { ...columnsOf(data), ...(system !== undefined && { system }) };
    const split = splitDataFile(await readBytes(path, 'the dataset', mostBytes), path, { share, reading });
    if (!split)
      throw new WorkbenchError(
        'badData',
        l10n.t('{0} has too few prompts to set some aside', train),
        l10n.t('Choose a file with held-out examples instead.'),
      );
    splits.push({ name, data: data!, path, split });
  }
  const { experts: described } = await engine.request('describe', { recipe: uri.fsPath });
  const written: { name: string; rest: string; set: ExpertData }[] = [];
  for (const { name, data, path, split } of splits) {
    const rest = freePath(`${stemOf(path)}-rest`);
    const aside = freePath(`${stemOf(path)}-heldout`);
    await writeNewFile(rest, split.rest);
    await writeNewFile(aside, split.aside);
    const train = pathFrom(folder, rest);
    written.push({ name, rest: train, set: { train, heldOut: pathFrom(folder, aside), ...columnsOf(data) } });
  }
  await write(
    uri,
    written.map(({ name, set }) => [name, set]),
    text => written.reduce((now, { name, rest }) => writeSetting(now, ['experts', name, 'data', 'train'], rest), text),
  );
  const count = splits.reduce((sum, { split }) => sum + split.counts.aside, 0);
  void window.showInformationMessage(l10n.t('{0} are set aside for evaluation.', plural(count, 'example')));
  const isTrained = (name: string) => described.some(expert => expert.name === name && expert.isTrained);
  return { toTrain: written.map(({ name }) => name).filter(isTrained) };
}

function stemOf(path: string): string {
  const plain = path.replace(/\.gz$/i, '');
  return join(dirname(plain), basename(plain, extname(plain)));
}

function freePath(stem: string): string {
  let path = `${stem}.jsonl`;
  for (let i = 2; existsSync(path); i++) path = `${stem}-${i}.jsonl`;
  return path;
}
