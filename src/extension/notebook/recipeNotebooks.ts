import { Disposable, type NotebookSerializer, workspace } from 'vscode';
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
