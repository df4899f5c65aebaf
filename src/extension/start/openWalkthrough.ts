import { commands } from 'vscode';
import { walkthrough } from '../contributions/walkthrough.ts';

/** Opens the editor's page of first steps. */
export async function openWalkthrough(extensionId: string): Promise<void> {
  await commands.executeCommand('workbench.action.openWalkthrough', `${extensionId}#${walkthrough.id}`);
}
