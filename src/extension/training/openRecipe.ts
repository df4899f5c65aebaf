import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { Disposable, l10n, Position, Selection, type TextDocument, Uri, ViewColumn, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { changeDocument } from '../services/editDocument.ts';
import type { OpenRecipe } from './trainingHandlers.ts';

/** The recipe's document in the editor; `changed` is called when its text is another one, or is saved. */
export async function openRecipe(path: string, changed: () => void): Promise<OpenRecipe & Disposable> {
  const uri = Uri.file(path);
  let document = await workspace.openTextDocument(uri);
  // Edits wait for one another: each is computed on what the one before has left.
  let editing: Promise<unknown> = Promise.resolve();
  const isOwn = (other: TextDocument) => other.uri.toString() === uri.toString();
  const listening = Disposable.from(
    workspace.onDidChangeTextDocument(({ document: other }) => isOwn(other) && changed()),
    workspace.onDidSaveTextDocument(other => isOwn(other) && changed()),
    // A document that is closed gives no more news.
    workspace.onDidCloseTextDocument(other => isOwn(other) && void reopen()),
    workspace.onDidOpenTextDocument(other => {
      if (!isOwn(other)) return;
      document = other;
      changed();
    }),
  );

  /** Where the file is gone, its last text stays until it is there again. */
  async function reopen(): Promise<void> {
    await workspace.openTextDocument(uri).then(undefined, () => {});
  }

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = editing.then(work);
    editing = done.catch(() => {});
    return done;
  };

  async function apply(change: (text: string) => string): Promise<void> {
    document = await workspace.openTextDocument(uri);
    await changeDocument(document, change(document.getText()));
  }

  return {
    path,
    name: workspace.asRelativePath(uri),
    text: () => document.getText(),
    isSaved: () => !document.isDirty,
    change: how => inTurn(() => apply(how)),
    save: () =>
      inTurn(async () => {
        if (document.isDirty && !(await document.save()))
          throw new WorkbenchError(
            'storage',
            l10n.t('{0} could not be saved.', workspace.asRelativePath(uri)),
            l10n.t('Save it by hand.'),
          );
      }),
    async reveal(part) {
      const text = document.getText();
      const node = part && findNodeAtLocation(parseTree(text, [], { allowTrailingComma: true })!, part);
      const start = document.positionAt(node?.offset ?? 0);
      const end = node ? document.positionAt(node.offset + node.length) : new Position(0, 0);
      await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, selection: new Selection(start, end) });
    },
    dispose: () => listening.dispose(),
  };
}
