import { ConfigurationTarget, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes } from '../../text/numbers.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { downloadBase } from './getBaseDownload.ts';
import type { BaseSource } from './getBaseItems.ts';
import { pickBase } from './getBasePick.ts';
import type { HubTokens } from './token.ts';

/** A base on this machine: as recipes and settings name it, and what there is to say of it. */
interface Base {
  name: string;
  message: string;
}

/** Lets the user choose a base, brings it here, and offers what to do with it. */
export async function getBase(
  engine: HostEngine,
  tokens: HubTokens,
  newRecipe: (base: string) => Promise<void>,
): Promise<void> {
  const source = await pickBase(async () => (await engine.request('listModels', {})).models);
  const base = source && (await bring(source, engine, tokens));
  if (!base) return;
  const next = await window.showInformationMessage(base.message, 'Use as Base', 'New Recipe with It');
  if (next === 'Use as Base') await useAsBase(base.name);
  if (next === 'New Recipe with It') await newRecipe(base.name);
}

async function bring(source: BaseSource, engine: HostEngine, tokens: HubTokens): Promise<Base | undefined> {
  if (source.kind === 'folder') return openFolder(engine);
  const { name } = source;
  if (source.kind === 'ready') return { name, message: `${name} is ready to be used.` };
  const result = await downloadBase(engine, tokens, name);
  if (!result) return undefined;
  const how = result.fetchedBytes === 0 ? 'was here already' : `is downloaded (${bytes(result.bytes)}) and checked`;
  return { name, message: `${name} ${how}.` };
}

async function openFolder(engine: HostEngine): Promise<Base | undefined> {
  const [folder] =
    (await window.showOpenDialog({
      title: "A model's folder: config.json, weights as safetensors, tokenizer.json",
      openLabel: 'Use as Base Model',
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  if (!folder) return undefined;
  const name = folder.fsPath;
  // Reads all but the weights themselves, and says what the folder lacks before anything is set.
  await engine.request('countTokens', { base: name }).catch(error => {
    if (!(error instanceof WorkbenchError) || error.code !== 'notFound') throw error;
    const hint = 'Choose the folder of a model: config.json, weights as safetensors, tokenizer.json.';
    throw new WorkbenchError(error.code, error.message, hint);
  });
  return { name, message: `${name} is ready to be used.` };
}

/** Makes a base the one that answers where no recipe does: in the workspace where that sets one, else for the user. */
async function useAsBase(name: string): Promise<void> {
  const settings = workspace.getConfiguration('multiLora');
  const isOfWorkspace = settings.inspect('base')?.workspaceValue !== undefined;
  await settings.update('base', name, isOfWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global);
}
