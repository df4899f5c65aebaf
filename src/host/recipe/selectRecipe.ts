import { window, workspace } from 'vscode';
import type { ActiveRecipe } from './activeRecipe.ts';

/** Lets the user say which recipe of the workspace answers. */
export async function selectRecipe(active: ActiveRecipe): Promise<void> {
  const recipes = await active.recipes();
  if (recipes.length === 0) {
    const why = workspace.isTrusted
      ? 'There is no *.lora.json in this workspace. Write one that names your experts and their data.'
      : 'This workspace is not trusted, so its recipes are not read.';
    await window.showInformationMessage(why);
    return;
  }
  const items = recipes.map(path => ({ label: workspace.asRelativePath(path), path }));
  const picked = await window.showQuickPick(items, { title: 'Recipe whose experts answer in this workspace' });
  if (picked) await active.choose(picked.path);
}
