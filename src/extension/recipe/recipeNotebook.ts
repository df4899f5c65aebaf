import type { NotebookCell, NotebookDocument } from 'vscode';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import { type CellRole, roleOf } from '../../recipe/notebook/cells.ts';
import { stepValue } from '../../recipe/notebook/savedOutputs.ts';
import { writeNotebook } from '../../recipe/notebook/writeNotebook.ts';
import { parseRecipe } from '../../recipe/parse.ts';
import type { Recipe, RecipeStep } from '../../recipe/schema.ts';
import { notebookType } from '../contributions/editors.ts';
import { type CellMetadata, type NotebookMetadata, recipeCell } from './serializer.ts';

export function isRecipeNotebook({ notebookType: type }: NotebookDocument): boolean {
  return type === notebookType;
}

export function roleOfCell(cell: NotebookCell): CellRole {
  return roleOf(asRecipeCell(cell));
}

/** A step as its outputs know it. */
export function valueOfCell(cell: NotebookCell): unknown {
  return stepValue(cell.document.getText());
}

/** The recipe as the notebook has it now; no text where a cell would break it. */
export function readRecipeOf(notebook: NotebookDocument): { text?: string; recipe?: Recipe; problems: Problem[] } {
  const { frame } = notebook.metadata as NotebookMetadata;
  const { text, problems } = writeNotebook({ frame, cells: notebook.getCells().map(asRecipeCell) });
  return text === undefined ? { problems } : { text, ...parseRecipe(text) };
}

/** The cells that are steps, notes apart, in the order of the recipe. */
export function runnableCells(notebook: NotebookDocument): NotebookCell[] {
  return stepCells(notebook).filter(cell => roleOfCell(cell) === 'step');
}

/** What a cell's step says in the recipe of now. Throws `badRecipe` with all problems. */
export function stepOfCell(cell: NotebookCell): { recipe: Recipe; step: RecipeStep } {
  const { recipe, problems } = readRecipeOf(cell.notebook);
  if (recipe) return { recipe, step: recipe.steps[stepCells(cell.notebook).indexOf(cell)]! };
  const errors = problems.filter(p => p.severity === 'error').map(p => p.message);
  throw new WorkbenchError('badRecipe', `The recipe has problems: ${errors.join('; ')}.`, undefined, problems);
}

function stepCells(notebook: NotebookDocument): NotebookCell[] {
  return notebook.getCells().filter(cell => ['step', 'note'].includes(roleOfCell(cell)));
}

export function asRecipeCell({ kind, document, metadata }: NotebookCell) {
  return recipeCell(kind, document.getText(), metadata as CellMetadata);
}
