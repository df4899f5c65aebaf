import { totalmem } from 'node:os';
import { ConfigurationTarget, l10n, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes, magnitude } from '../../text/numbers.ts';
import { askHub, downloadFromHub } from '../hub/fromHub.ts';
import type { HubTokens } from '../hub/hubTokens.ts';
import { pickOrType } from '../hub/pickOrType.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { useBaseIn } from '../recipe/useBase.ts';
import { nameRecipe } from '../runs/chooseTarget.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { type BaseSource, baseGroups, ggufItems, typedItem } from './getBaseItems.ts';

/** A base on this machine: as recipes and settings name it, and what there is to say of it. */
interface Base {
  name: string;
  message: string;
}

/** Lets the user choose a base, brings it here, and offers what to do with it. `wanted` is the name of one to begin with. */
export async function getBase(
  engine: HostEngine,
  tokens: HubTokens,
  active: ActiveRecipe,
  newRecipe: (base: string) => Promise<void>,
  wanted = '',
): Promise<void> {
  const source = await pickBase(engine, wanted);
  const base = source && (await bring(source, engine, tokens));
  if (!base) return;
  const hasRecipes = (await active.recipes()).length > 0;
  const inRecipe = hasRecipes ? [l10n.t('Use in a Recipe…')] : [];
  const next = await window.showInformationMessage(
    base.message,
    ...inRecipe,
    l10n.t('Use as Base'),
    l10n.t('New Recipe with It'),
  );
  if (next === l10n.t('Use as Base')) await useAsBase(base.name);
  if (next === l10n.t('Use in a Recipe…')) await useInRecipe(active, base.name);
  if (next === l10n.t('New Recipe with It')) await newRecipe(base.name);
}

/** The base of one of the workspace's recipes is another one from now on. */
async function useInRecipe(active: ActiveRecipe, name: string): Promise<void> {
  const recipe = await nameRecipe(active, undefined, l10n.t('Recipe whose base becomes {0}', name));
  if (recipe) await useBaseIn(recipe, name);
}

async function bring(source: BaseSource, engine: HostEngine, tokens: HubTokens): Promise<Base | undefined> {
  if (source.kind === 'folder') return openFolder(engine);
  if (source.kind === 'file') return openGgufFile(engine);
  const { name } = source;
  if (source.kind === 'local') return readModel(engine, name);
  if (source.kind === 'ready') return { name, message: l10n.t('{0} is ready to be used.', name) };
  const what = source.kind === 'repository' ? await chooseFile(engine, tokens, name) : { repo: name };
  if (!what) return undefined;
  const result = await downloadFromHub(tokens, name, (from, options) =>
    engine.request('download', { ...what, ...from }, options),
  );
  if (!result) return undefined;
  const message =
    result.fetchedBytes === 0
      ? l10n.t('{0} was here already.', result.base)
      : l10n.t('{0} is downloaded ({1}) and checked.', result.base, bytes(result.bytes));
  return { name: result.base, message };
}

/** What of a repository is downloaded: its folder, or where it has none one of its files in GGUF. */
async function chooseFile(
  engine: HostEngine,
  tokens: HubTokens,
  name: string,
): Promise<{ repo: string; file?: string } | undefined> {
  const found = await askHub(tokens, l10n.t('Looking up {0}', name), (from, options) =>
    engine.request('modelFiles', { repo: name, ...from }, options),
  );
  if (!found) return undefined;
  // One that has neither is refused with what it has.
  if (found.isFolder || found.ggufs.length === 0) return { repo: name };
  const options = { title: name, placeHolder: l10n.t('Which of its GGUF files'), matchOnDescription: true };
  const chosen = await window.showQuickPick(ggufItems(found.ggufs), options);
  return chosen && { repo: name, file: chosen.source.file };
}

async function openFolder(engine: HostEngine): Promise<Base | undefined> {
  const [folder] =
    (await window.showOpenDialog({
      title: l10n.t("A model's folder: config.json, weights as safetensors, tokenizer.json"),
      openLabel: l10n.t('Use as Base Model'),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  if (!folder) return undefined;
  const name = folder.fsPath;
  // Reads all but the weights themselves, and says what the folder lacks before anything is set.
  await engine.request('countTokens', { base: name }).catch(error => {
    if (!(error instanceof WorkbenchError) || error.code !== 'notFound') throw error;
    const hint = l10n.t('Choose the folder of a model: config.json, weights as safetensors, tokenizer.json.');
    throw new WorkbenchError(error.code, error.message, hint);
  });
  return { name, message: l10n.t('{0} is ready to be used.', name) };
}

async function openGgufFile(engine: HostEngine): Promise<Base | undefined> {
  const [file] =
    (await window.showOpenDialog({
      title: l10n.t('A model in GGUF'),
      openLabel: l10n.t('Use as Base Model'),
      filters: { GGUF: ['gguf'], 'All files': ['*'] },
    })) ?? [];
  return file && readModel(engine, file.fsPath);
}

/** Reads what a model in GGUF is, which says what it lacks before anything is set; its weights are read when it is used. */
async function readModel(engine: HostEngine, name: string): Promise<Base> {
  const { base } = await engine.request('describe', { base: name });
  const figures = `${base.architecture}, ${magnitude(base.parameters)} parameters, answers within ${bytes(base.memoryBytes)} of memory`;
  return { name, message: l10n.t('{0} is ready to be used: {1}.', name, figures) };
}

/** Makes a base the one that answers where no recipe does: in the workspace where that sets one, else for the user. */
async function useAsBase(name: string): Promise<void> {
  const settings = workspace.getConfiguration('multiLora');
  const isOfWorkspace = settings.inspect('base')?.workspaceValue !== undefined;
  await settings.update('base', name, isOfWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global);
}

/** Lets the user choose a base, or type the name of one; undefined when none is wanted. */
function pickBase(engine: HostEngine, wanted: string): Promise<BaseSource | undefined> {
  return pickOrType({
    title: l10n.t('Get a base model'),
    value: wanted,
    placeholder: l10n.t('Choose one, or type owner/name of any model of the Hugging Face hub'),
    async groups() {
      const { models, local } = await engine.request('listModels', {});
      return baseGroups(models, local, memoryOfMachine());
    },
    typed: typedItem,
  });
}

/** In a container, what it may use. */
function memoryOfMachine(): number {
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  return Math.min(totalmem(), limit);
}
