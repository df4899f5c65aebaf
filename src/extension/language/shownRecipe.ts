import { type NotebookDocument, type Position, type Range, type TextDocument, type Uri, workspace } from 'vscode';
import { roleOf } from '../../recipe/notebook/cells.ts';
import { cellsInRecipe, isWhole } from '../../recipe/notebook/cellsInRecipe.ts';
import type { RecipeReading } from '../../recipe/parse.ts';
import { cellLanguage } from '../contributions/editors.ts';
import { asRecipeCell } from '../recipe/recipeNotebook.ts';
import { rangeIn, readingOf, recipeSelector } from './recipeDocuments.ts';

/** Recipes as text, and the cells of their notebooks. */
export const shownSelector = [recipeSelector, { language: cellLanguage }];

/** A recipe that a document shows as a whole or, as a cell, a part of, with the places of the one text in the other. */
export interface ShownRecipe {
  document: TextDocument;
  recipe: Uri;
  reading: RecipeReading;
  offsetAt(position: Position): number;
  /** Where a part of the recipe is shown; undefined where it is another cell's. */
  rangeOf(range: { start: number; end: number }): Range | undefined;
}

/** What a document shows; of a cell, all that is said of it there. Undefined for a note. */
export function shownRecipe(document: TextDocument): ShownRecipe | undefined {
  if (document.languageId !== cellLanguage) return shownWhole(document);
  for (const notebook of workspace.notebookDocuments) {
    const cells = cellsOf(notebook);
    const own = cells.find(({ cell }) => cell.document === document);
    if (!own) continue;
    if (roleOf(own.part) === 'note') return undefined;
    const { reading, starts } = cellsInRecipe(
      cells.map(({ part }) => part),
      own.part,
    );
    return shownFrom(document, notebook.uri, reading, starts.get(own.part)!, Number.POSITIVE_INFINITY);
  }
  return undefined;
}

/**
 * The cells of a notebook in one recipe. While some are no JSON, those alone, because what others say of what these define
 * cannot be told.
 */
export function shownCells(notebook: NotebookDocument): ShownRecipe[] {
  const cells = cellsOf(notebook);
  const broken = cells.filter(({ part }) => !isWhole(part));
  if (broken.length > 0) return broken.flatMap(({ cell }) => shownRecipe(cell.document) ?? []);
  const { reading, starts } = cellsInRecipe(cells.map(({ part }) => part));
  return cells.flatMap(({ cell: { document }, part }) => {
    const start = starts.get(part);
    return start === undefined ? [] : [shownFrom(document, notebook.uri, reading, start, part.text.length)];
  });
}

export function shownWhole(document: TextDocument): ShownRecipe {
  return shownFrom(document, document.uri, readingOf(document), 0, Number.POSITIVE_INFINITY);
}

/** A document whose text is `length` characters of the recipe from `start` on. */
function shownFrom(
  document: TextDocument,
  recipe: Uri,
  reading: RecipeReading,
  start: number,
  length: number,
): ShownRecipe {
  return {
    document,
    recipe,
    reading,
    offsetAt: position => start + document.offsetAt(position),
    rangeOf: range =>
      range.start >= start && range.start <= start + length
        ? rangeIn(document, { start: range.start - start, end: range.end - start })
        : undefined,
  };
}

function cellsOf(notebook: NotebookDocument) {
  return notebook.getCells().map(cell => ({ cell, part: asRecipeCell(cell) }));
}
