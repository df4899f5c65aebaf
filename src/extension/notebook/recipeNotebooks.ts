import { commands, Disposable, l10n, type NotebookSerializer, type Uri, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { notebookType } from '../contributions/editors.ts';
import type { Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { Messages } from '../services/messages.ts';

/** Recipes as notebooks, loaded when the first one is read: the recipe's schema takes longer than activation may. */
export function registerRecipeNotebooks(engine: HostEngine, runs: Runs, messages: Messages): Disposable {
  let started: Promise<Disposable> | undefined;
  const start = async () => {
    const { startRecipeNotebooks } = await import('./startRecipeNotebooks.ts');
    return startRecipeNotebooks(engine, runs, messages);
  };
  /** A notebook that is open has what runs its cells. */
  const load = async (): Promise<NotebookSerializer> => {
    started ??= start();
    await started;
    return (await import('../recipe/serializer.ts')).recipeSerializer;
  };
  const serializer: NotebookSerializer = {
    async deserializeNotebook(...args) {
      try {
        return await (await load()).deserializeNotebook(...args);
      } catch (error) {
        // In the place of the notebook the editor says no more than that there was an error.
        messages.error(error);
        throw error;
      }
    },
    serializeNotebook: async (...args) => (await load()).serializeNotebook(...args),
  };
  return Disposable.from(
    workspace.registerNotebookSerializer(notebookType, serializer, { transientOutputs: true }),
    // One that could not be started was told of with the notebook.
    new Disposable(() => void started?.then(d => d.dispose()).catch(() => {})),
  );
}

/** The commands of notebooks. */
export const notebookHandlers = {
  'multiLora.openAsNotebook': (uri?: Uri) => openWith(uri ?? window.activeTextEditor?.document.uri, notebookType),
  'multiLora.openAsText': () => openWith(window.activeNotebookEditor?.notebook.uri, 'default'),
  'multiLora.addStep': async () => (await import('./addStep.ts')).addStep(),
};

async function openWith(uri: Uri | undefined, editor: string): Promise<void> {
  if (!uri)
    throw new WorkbenchError('badRequest', l10n.t('No recipe is open.'), l10n.t('Open a NAME.lora.json first.'));
  await commands.executeCommand('vscode.openWith', uri, editor);
}
