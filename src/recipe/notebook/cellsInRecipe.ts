import { printParseErrorCode } from 'jsonc-parser';
import { isBeyondLimits, type RecipeReading, readRecipe, readTree } from '../parse.ts';
import { aloneText, cellProblems, type RecipeCell, roleOf } from './cells.ts';
import { withoutComma } from './listText.ts';

/** A recipe put together from cells, for the problems, hovers and completions in them; it is never saved. */
export interface CellsInRecipe {
  reading: RecipeReading;
  /** Where the text of a cell begins in that of the recipe. Notes and blank cells are not in it. */
  starts: ReadonlyMap<RecipeCell, number>;
}

/** Whether a cell can be part of a recipe as it is. */
export function isWhole(cell: RecipeCell): boolean {
  return cellProblems(cell, '').length === 0;
}

/** Syntax errors that reach beyond a cell: a bracket or comment that is not closed, or a bracket too many. */
const openEnds = ['CloseBraceExpected', 'CloseBracketExpected', 'EndOfFileExpected', 'UnexpectedEndOfComment'];

/** Whether what is wrong with a cell, if anything, does not reach beyond it. */
function isClosed(cell: RecipeCell): boolean {
  const { errors, problems } = readTree(aloneText(cell));
  if (isBeyondLimits({ problems })) return false;
  return !errors.some(({ error }) => openEnds.includes(printParseErrorCode(error)));
}

/**
 * The recipe of all cells but those whose brackets would enclose others. With `last`, that cell comes last in it as it is
 * written, so that a bracket that is not closed yet encloses no other; a blank one is taken for a definition.
 */
export function cellsInRecipe(cells: readonly RecipeCell[], last?: RecipeCell): CellsInRecipe {
  const starts = new Map<RecipeCell, number>();
  let text = '{';
  const add = (cell: RecipeCell) => {
    starts.set(cell, text.length);
    text += cell === last ? `${cell.text}\n` : `${withoutComma(cell.text)}\n,`;
  };
  const others = (role: string) => cells.filter(c => c !== last && roleOf(c) === role && isClosed(c));
  const isStep = last !== undefined && roleOf(last) === 'step';
  others('definition').forEach(add);
  text += '"steps": [';
  others('step').forEach(add);
  if (isStep) add(last);
  text += '],\n';
  if (last && !isStep) add(last);
  return { reading: readRecipe(`${text}}`), starts };
}
