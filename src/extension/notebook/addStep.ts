import {
  commands,
  l10n,
  NotebookCellData,
  NotebookCellKind,
  NotebookEdit,
  NotebookRange,
  type QuickPickItem,
  WorkspaceEdit,
  window,
  workspace,
} from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';
import { stepTemplates } from '../../recipe/notebook/stepTemplates.ts';
import { cellLanguage } from '../contributions/editors.ts';
import { isRecipeNotebook, readRecipeOf } from '../recipe/recipeNotebook.ts';

/** Lets the user choose what a new cell below the selected one does. */
export async function addStep(): Promise<void> {
  const editor = window.activeNotebookEditor;
  if (!editor || !isRecipeNotebook(editor.notebook))
    throw new WorkbenchError(
      'badRequest',
      l10n.t('No recipe is open as a notebook.'),
      l10n.t('Open one with “Open as Notebook”.'),
    );
  const { recipe } = readRecipeOf(editor.notebook);
  const items = stepTemplates(recipe).map(t => ({ label: t.do, description: t.description, text: t.text }));
  const picked = await window.showQuickPick<QuickPickItem & { text: string }>(items, {
    title: l10n.t('What the step does'),
  });
  if (!picked) return;
  const isNote = picked.label === 'note';
  const cell = new NotebookCellData(
    isNote ? NotebookCellKind.Markup : NotebookCellKind.Code,
    picked.text,
    isNote ? 'markdown' : cellLanguage,
  );
  const at = editor.selection.isEmpty ? editor.notebook.cellCount : editor.selection.end;
  const edit = new WorkspaceEdit();
  edit.set(editor.notebook.uri, [NotebookEdit.insertCells(at, [cell])]);
  await workspace.applyEdit(edit);
  editor.selection = new NotebookRange(at, at + 1);
  await commands.executeCommand('notebook.cell.edit');
}
