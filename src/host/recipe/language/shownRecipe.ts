import { type Position, type Range, type TextDocument, type Uri, workspace } from 'vscode';
import { cellInRecipe } from '../../../core/recipe/notebook/cellInRecipe.ts';
import type { RecipeReading } from '../../../core/recipe/parseRecipe.ts';
import { cellLanguage, notebookType } from '../../contributions/editors.ts';
import { asRecipeCell } from '../../notebook/recipeNotebook.ts';
import { rangeIn, readingOf, recipeSelector } from './recipeDocuments.ts';

/** Recipes as text, and the cells of their notebooks. */
export const shownSelector = [recipeSelector, { language: cellLanguage, notebookType }];

/** A recipe that is shown, as a whole or as a cell, with the places of the one text in the other. */
export interface ShownRecipe {
  recipe: Uri;
  reading: RecipeReading;
  offsetAt(position: Position): number;
  rangeOf(range: { start: number; end: number }): Range;
}

export function shownRecipe(document: TextDocument): ShownRecipe | undefined {
  const shown =
    document.languageId === cellLanguage
      ? shownCell(document)
      : { recipe: document.uri, reading: readingOf(document), start: 0 };
  if (!shown) return undefined;
  const { recipe, reading, start } = shown;
  return {
    recipe,
    reading,
    offsetAt: position => start + document.offsetAt(position),
    rangeOf: range => rangeIn(document, { start: range.start - start, end: range.end - start }),
  };
}

function shownCell(document: TextDocument) {
  for (const notebook of workspace.notebookDocuments) {
    const cells = notebook.getCells();
    const at = cells.findIndex(cell => cell.document === document);
    if (at < 0) continue;
    const all = cells.map(asRecipeCell);
    const found = cellInRecipe(all, all[at]!);
    return found && { recipe: notebook.uri, ...found };
  }
  return undefined;
}
