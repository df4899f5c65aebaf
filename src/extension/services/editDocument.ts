import { l10n, Range, type TextDocument, WorkspaceEdit, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { changedPart } from '../../recipe/edit.ts';

/** Gives a document another text, as one edit of what differs that can be undone; saves it where it was saved before. */
export async function editDocument(document: TextDocument, text: string): Promise<void> {
  const wasSaved = !document.isDirty;
  await changeDocument(document, text);
  // What else its user has changed is theirs to save.
  if (wasSaved) await document.save();
}

/** As editDocument, and leaves it to its user to save it. */
export async function changeDocument(document: TextDocument, changed: string): Promise<void> {
  const edit = new WorkspaceEdit();
  const { start, end, text } = changedPart(document.getText(), changed);
  if (start === end && text === '') return;
  edit.replace(document.uri, new Range(document.positionAt(start), document.positionAt(end)), text);
  if (!(await workspace.applyEdit(edit)))
    throw new WorkbenchError('storage', l10n.t('{0} could not be edited.', workspace.asRelativePath(document.uri)));
}
