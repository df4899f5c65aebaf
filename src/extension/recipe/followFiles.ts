import { existsSync } from 'node:fs';
import { type Disposable, Range, TextEdit, Uri, WorkspaceEdit, workspace } from 'vscode';
import { experimentPaths, notebookOutputsPath, recipeEnding } from '../../experiment/paths.ts';
import { readExperimentPaths } from '../../experiment/readExperimentPaths.ts';
import type { Messages } from '../services/messages.ts';
import type { ActiveRecipe } from './activeRecipe.ts';

interface Move {
  from: string;
  to: string;
}

/**
 * Lets what belongs together stay together when the user renames or moves files: the results of a recipe go with it, and
 * recipes name data, bases and adapters where these have gone. All of it is part of the editor's own step, which can be
 * undone.
 */
export function followFiles(active: ActiveRecipe, messages: Messages): Disposable {
  const movesOf = (files: readonly { oldUri: Uri; newUri: Uri }[]): Move[] =>
    files.flatMap(({ oldUri, newUri }) =>
      oldUri.scheme === 'file' && newUri.scheme === 'file' ? [{ from: oldUri.fsPath, to: newUri.fsPath }] : [],
    );
  const listeners = [
    workspace.onWillRenameFiles(event => {
      if (workspace.isTrusted) event.waitUntil(editsFor(movesOf(event.files), active));
    }),
    workspace.onDidRenameFiles(({ files }) => {
      if (workspace.isTrusted) void recipesMoved(movesOf(files), active).catch(messages.error);
    }),
  ];
  return { dispose: () => listeners.forEach(listener => listener.dispose()) };
}

async function editsFor(moves: Move[], active: ActiveRecipe): Promise<WorkspaceEdit> {
  const edit = new WorkspaceEdit();
  for (const { from, to } of moves.filter(isOfRecipe)) await moveResults(edit, from, to);
  const { pathEdits } = await import('../../experiment/movedPaths.ts');
  for (const recipe of await active.recipes()) {
    const document = await workspace.openTextDocument(recipe);
    const edits = pathEdits(recipe, document.getText(), moves, existsSync);
    if (edits.length === 0) continue;
    edit.set(
      document.uri,
      edits.map(({ offset, length, content }) =>
        TextEdit.replace(new Range(document.positionAt(offset), document.positionAt(offset + length)), content),
      ),
    );
  }
  return edit;
}

function isOfRecipe({ from, to }: Move): boolean {
  return from.endsWith(recipeEnding) && to.endsWith(recipeEnding);
}

async function moveResults(edit: WorkspaceEdit, from: string, to: string): Promise<void> {
  const { output } = await readExperimentPaths(from);
  // Where a recipe names the folder of its results, they are there under any name of its own.
  const own = experimentPaths(from).output;
  const pairs = [[notebookOutputsPath(from), notebookOutputsPath(to)]];
  if (output === own) pairs.push([output, experimentPaths(to).output]);
  for (const [here, there] of pairs)
    if (existsSync(here!) && !existsSync(there!)) edit.renameFile(Uri.file(here!), Uri.file(there!));
}

async function recipesMoved(moves: Move[], active: ActiveRecipe): Promise<void> {
  for (const { from, to } of moves.filter(isOfRecipe)) await active.moved(from, to);
}
