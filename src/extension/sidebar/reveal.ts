import { commands, type Uri, workspace } from 'vscode';

/** Shows a file or folder: in the explorer where it is of the workspace, else in the system's file manager. */
export async function reveal(uri: Uri): Promise<void> {
  const isOfWorkspace = workspace.getWorkspaceFolder(uri) !== undefined;
  await commands.executeCommand(isOfWorkspace ? 'revealInExplorer' : 'revealFileInOS', uri);
}
