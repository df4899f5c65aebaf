import { commands, type Uri, window } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { notebookType } from '../contributions/editors.ts';

export const notebookHandlers = {
  'multiLora.openAsNotebook': (uri?: Uri) => openWith(uri ?? window.activeTextEditor?.document.uri, notebookType),
  'multiLora.openAsText': () => openWith(window.activeNotebookEditor?.notebook.uri, 'default'),
  'multiLora.addStep': async () => (await import('./addStep.ts')).addStep(),
};

async function openWith(uri: Uri | undefined, editor: string): Promise<void> {
  if (!uri) throw new WorkbenchError('badRequest', 'No recipe is open.', 'Open a NAME.lora.json first.');
  await commands.executeCommand('vscode.openWith', uri, editor);
}
