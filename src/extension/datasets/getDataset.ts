import { dirname } from 'node:path';
import { env, l10n, window } from 'vscode';
import { bytes } from '../../text/numbers.ts';
import { askHub, downloadFromHub } from '../hub/fromHub.ts';
import type { HubTokens } from '../hub/hubTokens.ts';
import { groupItems, pickOrType } from '../hub/pickOrType.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { addExperts, askNames, chooseRecipe } from '../recipe/addExperts.ts';
import { readableData } from '../recipe/readableData.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { readSetting } from '../services/settings.ts';
import { type DatasetSource, datasetGroups, splitGroups, typedDataset } from './getDatasetItems.ts';

/** Lets the user choose a dataset of the hub and a split of it, brings it here, and offers what to do with it. */
export async function getDataset(
  engine: HostEngine,
  tokens: HubTokens,
  active: ActiveRecipe,
  newRecipe: (data: string) => Promise<void>,
): Promise<void> {
  const source = await pickDataset();
  const split = source?.kind === 'dataset' ? await chooseSplit(engine, tokens, source.name) : source;
  const message = split && (await bring(engine, tokens, split));
  if (!message) return;
  const next = await window.showInformationMessage(message, l10n.t('Add an Expert…'), l10n.t('Copy Name'));
  if (next === l10n.t('Add an Expert…')) await addExpertOn(split.name, engine, active, newRecipe);
  if (next === l10n.t('Copy Name')) await env.clipboard.writeText(split.name);
}

/** Writes an expert that learns from the data into a recipe that is there, or into a new one. */
async function addExpertOn(
  data: string,
  engine: HostEngine,
  active: ActiveRecipe,
  newRecipe: (data: string) => Promise<void>,
): Promise<void> {
  const recipe = await chooseRecipe(active, `With an expert on ${data}`);
  if (recipe === undefined) return;
  if (recipe === '') return newRecipe(data);
  // Of a dataset of the hub, the engine reads what the cache has.
  const readable = await readableData(engine, dirname(recipe), [{ train: data }]);
  if (!readable) return;
  const { experts } = await engine.request('describe', { recipe });
  const names = await askNames(
    [data],
    experts.map(e => e.name),
  );
  if (names) await window.showTextDocument(await addExperts(recipe, readable, names));
}

function pickDataset(): Promise<DatasetSource | undefined> {
  return pickOrType({
    title: l10n.t('Get a dataset'),
    placeholder: l10n.t('Type owner/name of a dataset of the Hugging Face hub, or choose one that is here'),
    async groups() {
      // They take longer to load than activation may.
      const { hubCacheFolder } = await import('../../experiment/hubCache.ts');
      const { cachedDatasets } = await import('../../experiment/hubDatasets.ts');
      return datasetGroups(await cachedDatasets(hubCacheFolder(readSetting('modelFolder'))));
    },
    typed: typedDataset,
  });
}

/** Asked for only where there is a choice. */
async function chooseSplit(engine: HostEngine, tokens: HubTokens, name: string): Promise<DatasetSource | undefined> {
  const found = await askHub(tokens, l10n.t('Looking up {0}', name), (from, options) =>
    engine.request('datasetSplits', { dataset: name, ...from }, options),
  );
  if (!found) return undefined;
  const rows = splitGroups(found.splits).flatMap(groupItems);
  if (found.splits.length === 1) return rows.find(row => row.source)?.source;
  const options = { title: name, placeHolder: l10n.t('Which split'), matchOnDescription: true };
  return (await window.showQuickPick(rows, options))?.source;
}

/** Says that it is here; undefined when the user stopped it for good. */
async function bring(
  engine: HostEngine,
  tokens: HubTokens,
  { kind, name }: DatasetSource,
): Promise<string | undefined> {
  if (kind === 'ready') return l10n.t('{0} is ready to be used.', name);
  const result = await downloadFromHub(tokens, name, (from, options) =>
    engine.request('downloadDataset', { dataset: name, ...from }, options),
  );
  if (!result) return undefined;
  return result.fetchedBytes === 0
    ? l10n.t('{0} was here already.', name)
    : l10n.t('{0} is downloaded ({1}) and checked.', name, bytes(result.bytes));
}
