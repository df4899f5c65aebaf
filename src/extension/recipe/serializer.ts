import { l10n, NotebookCellData, NotebookCellKind, NotebookData, type NotebookSerializer } from 'vscode';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import type { RecipeCell, RecipeFrame } from '../../recipe/notebook/cells.ts';
import { readNotebook } from '../../recipe/notebook/readNotebook.ts';
import { writeNotebook } from '../../recipe/notebook/writeNotebook.ts';
import { cellLanguage } from '../contributions/editors.ts';

/** What of a recipe is in a notebook's metadata and in that of its cells. */
export interface NotebookMetadata {
  frame: RecipeFrame;
}
export type CellMetadata = Pick<RecipeCell, 'origin'>;

/** Recipes as notebooks and back, byte for byte. What cannot be a notebook is refused, and never written. */
export const recipeSerializer: NotebookSerializer = {
  deserializeNotebook(bytes) {
    const { notebook, problems } = readNotebook(decode(bytes));
    if (!notebook) throw refusal('This recipe cannot be opened as a notebook', problems, 'Open it as text.');
    const data = new NotebookData(notebook.cells.map(cellData));
    data.metadata = { frame: notebook.frame } satisfies NotebookMetadata;
    return data;
  },

  serializeNotebook({ cells, metadata }) {
    const { frame } = metadata as NotebookMetadata;
    const recipeCells = cells.map(cell => recipeCell(cell.kind, cell.value, cell.metadata));
    const { text, problems } = writeNotebook({ frame, cells: recipeCells });
    if (text === undefined) throw refusal('The recipe was not saved', problems, 'Correct the cell and save again.');
    return new TextEncoder().encode(text);
  },
};

export function recipeCell(kind: NotebookCellKind, text: string, metadata: CellMetadata | undefined): RecipeCell {
  return { kind: kind === NotebookCellKind.Markup ? 'note' : 'json', text, origin: metadata?.origin };
}

function cellData({ kind, text, origin }: RecipeCell): NotebookCellData {
  const cell =
    kind === 'note'
      ? new NotebookCellData(NotebookCellKind.Markup, text, 'markdown')
      : new NotebookCellData(NotebookCellKind.Code, text, cellLanguage);
  cell.metadata = { origin } satisfies CellMetadata;
  return cell;
}

/** Bytes that are no UTF-8 would not come back as they were. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new WorkbenchError(
      'badFile',
      l10n.t('This recipe cannot be opened as a notebook: it is not UTF-8.'),
      l10n.t('Open it as text.'),
    );
  }
}

function refusal(what: string, problems: Problem[], hint: string): WorkbenchError {
  return new WorkbenchError(
    'badRecipe',
    `${what}: ${problems.map(p => p.message).join('; ')}. ${hint}`,
    undefined,
    problems,
  );
}
