import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { commands, type ExtensionContext, l10n, Uri, window, workspace } from 'vscode';
import { experimentPaths, resultsFolder } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { auto } from '../../text/target.ts';
import { getBase } from '../bases/getBase.ts';
import { openChat } from '../chat/openChat.ts';
import { walkthrough } from '../contributions/walkthrough.ts';
import { getDataset } from '../datasets/getDataset.ts';
import { createEngineKeys, setEngineKey } from '../engines/engineKeys.ts';
import { createHubTokens, removeToken, setToken } from '../hub/hubTokens.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { exampleExperts, exampleQuestion } from '../recipe/exampleExperts.ts';
import { selectRecipe } from '../recipe/selectRecipe.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { Messages } from '../services/messages.ts';
import { newRecipe } from './newRecipe.ts';

/**
 * The commands that one begins with: the way, something to train, data, a base to train it on, and keys. A window whose example
 * workspace was just opened goes on where its command ended.
 */
export function startHandlers(context: ExtensionContext, engine: HostEngine, recipe: ActiveRecipe, messages: Messages) {
  welcomeToExample(context).catch(messages.error);
  const { extension, secrets } = context;
  const tokens = createHubTokens(secrets);
  return {
    'multiLora.openChat': () => openChat(),
    'multiLora.getStarted': () => openWalkthrough(extension.id),
    'multiLora.selectRecipe': () => selectRecipe(recipe),
    'multiLora.newRecipe': () => newRecipe(engine),
    'multiLora.openExamples': () => openExamples(context),
    'multiLora.getBase': (wanted?: unknown) =>
      getBase(engine, tokens, recipe, base => newRecipe(engine, base), typeof wanted === 'string' ? wanted : ''),
    'multiLora.getDataset': () => getDataset(engine, tokens, recipe, data => newRecipe(engine, 'embedded', [data])),
    'multiLora.setToken': () => setToken(tokens),
    'multiLora.removeToken': () => removeToken(tokens),
    'multiLora.setEngineKey': () => setEngineKey(createEngineKeys(secrets), recipe),
  };
}

/** Opens the editor's page of first steps. */
async function openWalkthrough(extensionId: string): Promise<void> {
  await commands.executeCommand('workbench.action.openWalkthrough', `${extensionId}#${walkthrough.id}`);
}

/** Copies the example workspace into a new folder, where the user says, and opens it. Needs no network. */
async function openExamples({ extensionPath, globalState }: ExtensionContext): Promise<void> {
  const [parent] =
    (await window.showOpenDialog({
      title: l10n.t('Folder in which the example workspace is put'),
      openLabel: l10n.t('Copy It Here'),
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: Uri.file(homedir()),
    })) ?? [];
  if (!parent) return;
  const folder = await copyExamples(extensionPath, parent.fsPath);
  // The window that opens it goes on from here.
  await globalState.update(openedKey, folder);
  const forceNewWindow = workspace.workspaceFolders !== undefined;
  await commands.executeCommand('vscode.openFolder', Uri.file(folder), { forceNewWindow });
}

const openedKey = 'openedExample';

/** In the window of an example workspace that was just opened: its recipe, and the chat with a question to begin with. */
async function welcomeToExample({ globalState, subscriptions }: ExtensionContext): Promise<void> {
  const opened = globalState.get<string>(openedKey);
  const [folder] = workspace.workspaceFolders ?? [];
  if (!opened || folder?.uri.fsPath !== opened) return;
  await globalState.update(openedKey, undefined);
  const show = async () => {
    await window.showTextDocument(Uri.file(exampleRecipeOf(opened)), { preview: false });
    await openChat(auto, exampleQuestion);
  };
  if (workspace.isTrusted) return show();
  subscriptions.push(workspace.onDidGrantWorkspaceTrust(() => void show()));
}

function exampleRecipeOf(folder: string): string {
  return join(folder, 'experts.lora.json');
}

/**
 * Copies recipe and data, not the runs, into a folder of `parent` that was not there, with the adapters that come trained
 * where training would write them: it then replaces them. Returns the folder.
 */
async function copyExamples(extensionFolder: string, parent: string): Promise<string> {
  const examples = join(extensionFolder, 'examples');
  const folder = freeFolder(join(parent, 'multi-lora-experts'));
  try {
    for (const [from, to] of [
      ['experts', folder],
      // What is trained in a minute.
      ['first', join(folder, 'first')],
    ] as const)
      await cp(join(examples, from), to, { recursive: true, filter: path => basename(path) !== resultsFolder });
    const recipe = exampleRecipeOf(folder);
    const { output } = experimentPaths(recipe);
    const trained = exampleExperts(extensionFolder);
    for (const part of trained.results) await cp(join(trained.folder, part), join(output, part), { recursive: true });
    // The schema lies beside the extension, which gives it to every recipe anyway.
    for (const path of [recipe, join(folder, 'first', 'commits.lora.json')])
      await writeFile(path, (await readFile(path, 'utf8')).replace(/^ *"\$schema":.*\n/m, ''));
    return folder;
  } catch (error) {
    throw new WorkbenchError(
      'storage',
      l10n.t('the examples could not be copied to {0} ({1})', folder, (error as Error).message),
    );
  }
}

function freeFolder(wanted: string): string {
  let folder = wanted;
  for (let i = 2; existsSync(folder); i++) folder = `${wanted}-${i}`;
  return folder;
}
