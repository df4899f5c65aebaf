import { commands, l10n, type Uri, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';

/**
 * Asks, and then puts a folder into the trash; where there is none, as on a remote machine, asks again whether it is to
 * be deleted for good. Whether it was deleted.
 */
export async function deleteToTrash(folder: Uri, question: string, detail: string): Promise<boolean> {
  const remove = 'Delete';
  if ((await window.showWarningMessage(question, { modal: true, detail }, remove)) !== remove) return false;
  try {
    await workspace.fs.delete(folder, { recursive: true, useTrash: true });
    return true;
  } catch (error) {
    if (!/trash/i.test((error as Error).message)) throw refused(error, folder);
  }
  const forGood = l10n.t('Delete for Good');
  const warning = l10n.t('There is no trash here. This cannot be undone.');
  if ((await window.showWarningMessage(question, { modal: true, detail: warning }, forGood)) !== forGood) return false;
  try {
    await workspace.fs.delete(folder, { recursive: true });
  } catch (error) {
    throw refused(error, folder);
  }
  return true;
}

function refused(error: unknown, folder: Uri): WorkbenchError {
  return new WorkbenchError(
    'storage',
    l10n.t('{0} could not be deleted ({1}).', folder.fsPath, (error as Error).message),
  );
}

/** Shows a file or folder: in the explorer where it is of the workspace, else in the system's file manager. */
export async function reveal(uri: Uri): Promise<void> {
  const isOfWorkspace = workspace.getWorkspaceFolder(uri) !== undefined;
  await commands.executeCommand(isOfWorkspace ? 'revealInExplorer' : 'revealFileInOS', uri);
}
