import {
  commands,
  type Range,
  TabInputTextDiff,
  type TextDocument,
  type Uri,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { VirtualDocuments } from './virtualDocuments.ts';

/** Shows what a file would become as a difference, and changes it where the user says so. */
export async function previewReplacement(
  proposals: VirtualDocuments,
  { document, range }: { document: TextDocument; range: Range },
  replacement: string,
): Promise<void> {
  const before = document.getText();
  const start = document.offsetAt(range.start);
  const end = document.offsetAt(range.end);
  // A selection of whole lines ends with a line break, which the answer's code does not have.
  const closing = before.slice(start, end).endsWith('\n') ? '\n' : '';
  const text = replacement + closing;
  const name = workspace.asRelativePath(document.uri).split('/').at(-1)!;
  const proposal = proposals.create(name, before.slice(0, start) + text + before.slice(end));
  // Not as a preview, which would take the place of the answer.
  await commands.executeCommand('vscode.diff', document.uri, proposal, `${name}: replace with the answer?`, {
    preview: false,
  });
  const answer = await window.showInformationMessage(
    `Replace the selection in ${name} with the answer?`,
    'Replace',
    'Discard',
  );
  await closeDifference(proposal);
  if (answer !== 'Replace') return;
  if (document.getText() !== before)
    throw new WorkbenchError(
      'badRequest',
      `${name} has changed meanwhile.`,
      'Select the place again and ask once more.',
    );
  const edit = new WorkspaceEdit();
  edit.replace(document.uri, range, text);
  await workspace.applyEdit(edit);
}

async function closeDifference(proposal: Uri): Promise<void> {
  const tabs = window.tabGroups.all.flatMap(group => group.tabs);
  const shown = tabs.filter(
    ({ input }) => input instanceof TabInputTextDiff && input.modified.toString() === proposal.toString(),
  );
  await window.tabGroups.close(shown);
}
