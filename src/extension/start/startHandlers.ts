import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { commands, type ExtensionContext, Uri, window, workspace } from 'vscode';
import { resultsFolder } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { getBase } from '../bases/getBase.ts';
import { walkthrough } from '../contributions/walkthrough.ts';
import { getDataset } from '../datasets/getDataset.ts';
import { createHubTokens, removeToken, setToken } from '../hub/hubTokens.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { selectRecipe } from '../recipe/selectRecipe.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { newRecipe } from './newRecipe.ts';

/** The commands that one begins with: the way, something to train, data, and a base to train it on. */
export function startHandlers(
  { extension, extensionPath, secrets }: ExtensionContext,
  engine: HostEngine,
  recipe: ActiveRecipe,
) {
  const tokens = createHubTokens(secrets);
  return {
    'multiLora.getStarted': () => openWalkthrough(extension.id),
    'multiLora.selectRecipe': () => selectRecipe(recipe),
    'multiLora.newRecipe': () => newRecipe(engine),
    'multiLora.openExamples': () => openExamples(extensionPath),
    'multiLora.getBase': (wanted?: unknown) =>
      getBase(engine, tokens, recipe, base => newRecipe(engine, base), typeof wanted === 'string' ? wanted : ''),
    'multiLora.getDataset': () => getDataset(engine, tokens, recipe, data => newRecipe(engine, 'embedded', [data])),
    'multiLora.setToken': () => setToken(tokens),
    'multiLora.removeToken': () => removeToken(tokens),
  };
}

/** Opens the editor's page of first steps. */
async function openWalkthrough(extensionId: string): Promise<void> {
  await commands.executeCommand('workbench.action.openWalkthrough', `${extensionId}#${walkthrough.id}`);
}

/** Copies the example workspace into a new folder, where the user says, and opens it. Needs no network. */
async function openExamples(extensionFolder: string): Promise<void> {
  const [parent] =
    (await window.showOpenDialog({
      title: 'Folder in which the example workspace is put',
      openLabel: 'Put It Here',
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: Uri.file(homedir()),
    })) ?? [];
  if (!parent) return;
  const folder = await copyExamples(join(extensionFolder, 'examples', 'experts'), parent.fsPath);
  const forceNewWindow = workspace.workspaceFolders !== undefined;
  await commands.executeCommand('vscode.openFolder', Uri.file(folder), { forceNewWindow });
}

/** Copies recipe and data, not the runs, into a folder of `parent` that was not there. Returns it. */
async function copyExamples(examples: string, parent: string): Promise<string> {
  const folder = freeFolder(join(parent, 'multi-lora-experts'));
  try {
    await cp(examples, folder, { recursive: true, filter: path => basename(path) !== resultsFolder });
    const recipe = join(folder, 'experts.lora.json');
    // The schema lies beside the extension, which gives it to every recipe anyway.
    await writeFile(recipe, (await readFile(recipe, 'utf8')).replace(/^ *"\$schema":.*\n/m, ''));
    return folder;
  } catch (error) {
    throw new WorkbenchError('storage', `the examples could not be copied to ${folder} (${(error as Error).message})`);
  }
}

function freeFolder(wanted: string): string {
  let folder = wanted;
  for (let i = 2; existsSync(folder); i++) folder = `${wanted}-${i}`;
  return folder;
}
