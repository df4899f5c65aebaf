import { totalmem } from 'node:os';
import {
  ConfigurationTarget,
  ProgressLocation,
  type QuickPickItem,
  QuickPickItemKind,
  window,
  workspace,
} from 'vscode';
import type { RequestOptions } from '../../client/engineClient.ts';
import { parseRepoName } from '../../hub/repoName.ts';
import type { DownloadResult, ListModelsResult } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes, magnitude } from '../../text/numbers.ts';
import { withSignal } from '../services/cancellation.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { isCancellation } from '../services/messages.ts';
import { hubSettings } from '../services/settings.ts';
import { type BaseGroup, type BaseSource, baseGroups, progressText, typedItem } from './getBaseItems.ts';
import { askToken, type HubTokens } from './hubTokens.ts';

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
  const source = await pickBase(() => engine.request('listModels', {}));
  const base = source && (await bring(source, engine, tokens));
  if (!base) return;
  const next = await window.showInformationMessage(base.message, 'Use as Base', 'New Recipe with It');
  if (next === 'Use as Base') await useAsBase(base.name);
  if (next === 'New Recipe with It') await newRecipe(base.name);
}

async function bring(source: BaseSource, engine: HostEngine, tokens: HubTokens): Promise<Base | undefined> {
  if (source.kind === 'folder') return openFolder(engine);
  if (source.kind === 'file') return openGgufFile(engine);
  const { name } = source;
  if (source.kind === 'local') return readModel(engine, name);
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

async function openGgufFile(engine: HostEngine): Promise<Base | undefined> {
  const [file] =
    (await window.showOpenDialog({
      title: 'A model in GGUF',
      openLabel: 'Use as Base Model',
      filters: { GGUF: ['gguf'], 'All files': ['*'] },
    })) ?? [];
  return file && readModel(engine, file.fsPath);
}

/** Reads what a model in GGUF is, which says what it lacks before anything is set; its weights are read when it is used. */
async function readModel(engine: HostEngine, name: string): Promise<Base> {
  const { base } = await engine.request('describe', { base: name });
  const figures = `${base.architecture}, ${magnitude(base.parameters)} parameters, answers within ${bytes(base.memoryBytes)} of memory`;
  return { name, message: `${name} is ready to be used: ${figures}.` };
}

/** Makes a base the one that answers where no recipe does: in the workspace where that sets one, else for the user. */
async function useAsBase(name: string): Promise<void> {
  const settings = workspace.getConfiguration('multiLora');
  const isOfWorkspace = settings.inspect('base')?.workspaceValue !== undefined;
  await settings.update('base', name, isOfWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global);
}

type Item = QuickPickItem & { source?: BaseSource };

/** Lets the user choose a base, or type the name of one; undefined when none is wanted. */
async function pickBase(listModels: () => Promise<ListModelsResult>): Promise<BaseSource | undefined> {
  const pick = window.createQuickPick<Item>();
  pick.title = 'Get a base model';
  pick.placeholder = 'Choose one, or type owner/name of any model of the Hugging Face hub';
  pick.matchOnDescription = true;
  pick.busy = true;
  let groups: BaseGroup[] = [];
  const show = () => {
    const typed = typedItem(pick.value, groups);
    // What was typed is its own label, so that the filter keeps it.
    pick.items = [...(typed ? [typed] : []), ...groups.flatMap(asItems)];
  };
  try {
    return await new Promise<BaseSource | undefined>((resolve, reject) => {
      pick.onDidChangeValue(show);
      pick.onDidAccept(() => resolve(pick.selectedItems[0]?.source));
      pick.onDidHide(() => resolve(undefined));
      pick.show();
      listModels().then(({ models, local }) => {
        groups = baseGroups(models, local, memoryOfMachine());
        pick.busy = false;
        show();
      }, reject);
    });
  } finally {
    pick.dispose();
  }
}

function asItems({ title, items }: BaseGroup): Item[] {
  return [{ label: title, kind: QuickPickItemKind.Separator }, ...items];
}

/** In a container, what it may use. */
function memoryOfMachine(): number {
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  return Math.min(totalmem(), limit);
}

/** Downloads `owner/name`, asking for a token where one is wanted; undefined when the user stopped it for good. */
async function downloadBase(engine: HostEngine, tokens: HubTokens, name: string): Promise<DownloadResult | undefined> {
  const { endpoint, proxy } = hubSettings();
  const params = { ...parseRepoName(name)!, endpoint, proxy };
  for (;;) {
    try {
      return await withNotification(params.repo, options =>
        withToken(tokens, endpoint, token => engine.request('download', { ...params, token }, options)),
      );
    } catch (error) {
      if (!isCancellation(error)) throw error;
      if (!(await wantsToGoOn(name))) return undefined;
    }
  }
}

/** Sends with the token that is kept, and again with one that is asked for where that is what was missing. */
async function withToken<T>(
  tokens: HubTokens,
  endpoint: string,
  send: (token: string | undefined) => Promise<T>,
): Promise<T> {
  let token = await tokens.read(endpoint);
  for (;;) {
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof WorkbenchError) || !mayNeedToken(error, token)) throw error;
      token = await askToken(tokens, endpoint, `${error.message}. ${error.hint}`);
      if (!token) throw error;
    }
  }
}

/** A notification that tells how far a download is and lets it be stopped. */
async function withNotification<T>(repo: string, work: (options: RequestOptions<'download'>) => Promise<T>) {
  const options = { location: ProgressLocation.Notification, title: `Downloading ${repo}`, cancellable: true };
  return window.withProgress(options, (progress, cancellation) =>
    withSignal(cancellation, signal => {
      let shown = 0;
      return work({
        signal,
        onProgress(told) {
          const percent = (100 * told.done) / told.total;
          progress.report({ message: progressText(told), increment: Math.max(0, percent - shown) });
          shown = Math.max(shown, percent);
        },
      });
    }),
  );
}

/** The hub does not tell those without a token whether a private model exists. */
function mayNeedToken({ code }: WorkbenchError, token: string | undefined): boolean {
  return code === 'denied' || (code === 'notFound' && token === undefined);
}

async function wantsToGoOn(name: string): Promise<boolean> {
  const message = `The download of ${name} is stopped. What has arrived is kept, and the next download goes on from there.`;
  return (await window.showInformationMessage(message, 'Go On')) === 'Go On';
}
