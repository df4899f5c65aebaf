import type { RecipeReading } from '../parseRecipe.ts';
import { readRecipe } from '../parseRecipe.ts';
import { withoutComma } from './listText.ts';
import type { RecipeCell } from './recipeCells.ts';
import { cellProblems, roleOf } from './writeNotebook.ts';

/** A recipe of all cells, in which one stands as it is written. */
export interface CellInRecipe {
  reading: RecipeReading;
  /** Where the cell's text begins in that of the recipe. */
  start: number;
}

/**
 * What a cell is part of, for what is said and offered in it. The cell comes last, so that what is not closed yet takes
 * nothing else in; others that are no JSON, and notes, are left out. A blank one is about to be a definition. Nothing is
 * said in a note.
 */
export function cellInRecipe(cells: readonly RecipeCell[], cell: RecipeCell): CellInRecipe | undefined {
  const role = roleOf(cell);
  if (role === 'note') return undefined;
  const others = (which: string) =>
    cells.filter(c => c !== cell && roleOf(c) === which && cellProblems(c, '').length === 0).map(writtenAlone);
  const [definitions, steps] = [others('definition'), others('step')];
  const isStep = role === 'step';
  const before = `{${definitions.join('')}"steps": [${steps.join('')}${isStep ? '' : '],\n'}`;
  return { reading: readRecipe(`${before}${cell.text}\n${isStep ? ']' : ''}}`), start: before.length };
}

/** An item with its comma on a line of its own, where no comment hides it. */
function writtenAlone({ text }: RecipeCell): string {
  return `${withoutComma(text)}\n,`;
}
