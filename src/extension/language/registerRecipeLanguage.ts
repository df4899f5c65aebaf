import { type Disposable, workspace } from 'vscode';
import { cellLanguage, recipeLanguage } from '../contributions/editors.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import type { Runs } from '../runs/runs.ts';
import type { Messages } from '../services/messages.ts';

/**
 * Support for recipes, loaded when the first one is opened, as text or as cells: its schema takes longer to load than all of
 * activation may.
 */
export function registerRecipeLanguage(
  extensionPath: string,
  runs: Runs,
  { names }: Pick<ActiveRecipe, 'names'>,
  messages: Messages,
): Disposable {
  let started: Promise<Disposable> | undefined;
  const start = async () => {
    const { startRecipeLanguage } = await import('./startRecipeLanguage.ts');
    return startRecipeLanguage(extensionPath, runs, names, messages.warning);
  };
  const look = ({ languageId }: { languageId: string }) => {
    if ((languageId !== recipeLanguage.id && languageId !== cellLanguage) || started) return;
    started = start();
    started.catch(messages.error);
  };
  const listener = workspace.onDidOpenTextDocument(look);
  workspace.textDocuments.forEach(look);
  return {
    dispose() {
      listener.dispose();
      void started?.then(d => d.dispose());
    },
  };
}
