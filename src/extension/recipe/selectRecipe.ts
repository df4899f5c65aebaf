import { commands, l10n, window, workspace } from 'vscode';
import { type CommandId, commands as contributed } from '../contributions/commands.ts';
import type { ActiveRecipe } from './activeRecipe.ts';

/** Lets the user say which recipe of the workspace answers. */
export async function selectRecipe(active: ActiveRecipe): Promise<void> {
  const recipes = await active.recipes();
  if (recipes.length === 0) return tellNone();
  const items = recipes.map(path => ({ label: workspace.asRelativePath(path), path }));
  const picked = await window.showQuickPick(items, { title: l10n.t('Recipe whose experts answer in this workspace') });
  if (picked) await active.choose(picked.path);
}

async function tellNone(): Promise<void> {
  if (!workspace.isTrusted) {
    await window.showInformationMessage(l10n.t('This workspace is not trusted, so its recipes are not read.'));
    return;
  }
  const { title } = contributed['multiLora.newRecipe'];
  const picked = await window.showInformationMessage(l10n.t('There is no *.lora.json in this workspace.'), title);
  if (picked === title) await commands.executeCommand('multiLora.newRecipe' satisfies CommandId);
}
