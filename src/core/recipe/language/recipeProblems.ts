import type { Problem } from '../../../shared/errors.ts';
import type { Recipe } from '../../../shared/recipe.ts';
import type { RecipeReading } from '../parseRecipe.ts';
import { type PartProblem, placeProblem } from '../partProblem.ts';
import { adapterProblems } from './adapterProblems.ts';
import { dataProblems } from './dataProblems.ts';
import { factorProblems } from './factorProblems.ts';
import type { RecipeWorld } from './recipeWorld.ts';
import { weightProblems } from './weightProblems.ts';

/** A line of another file that a problem comes from. */
export interface RelatedLine {
  /** As the recipe writes it. */
  file: string;
  line: number;
  message: string;
}

/** A problem of a recipe's part, with the lines of data that it comes from. */
export interface RelatedProblem extends PartProblem {
  related?: RelatedLine[];
}

export type RecipeProblem = Problem & Pick<RelatedProblem, 'related'>;

/** What a check looks at. */
export interface Checked {
  recipe: Recipe;
  reading: RecipeReading;
  world: RecipeWorld;
}

const checks: ((checked: Checked) => RelatedProblem[])[] = [
  factorProblems,
  adapterProblems,
  dataProblems,
  weightProblems,
];

/** All that is wrong with a recipe: with its text, and with what it speaks of. */
export function recipeProblems(reading: RecipeReading, world: RecipeWorld): RecipeProblem[] {
  const { root, parts } = reading;
  const isBroken = reading.problems.some(p => p.code === 'syntax');
  if (!root || !parts || isBroken) return reading.problems;
  const found = checks.flatMap(check => check({ recipe: parts, reading, world })).map(p => placeProblem(p, root));
  // Experts that share a setting share what is wrong with it.
  const once = new Map(found.map(p => [`${p.code} ${p.where} ${p.message}`, p]));
  return [...reading.problems, ...once.values()];
}
