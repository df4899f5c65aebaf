import type { Problem } from '../../protocol/errors.ts';
import type { RecipeReading } from '../parseRecipe.ts';
import { placeProblem } from '../partProblem.ts';
import { adapterProblems } from './adapterProblems.ts';
import { dataProblems } from './dataProblems.ts';
import { factorProblems } from './factorProblems.ts';
import type { RecipeWorld } from './recipeWorld.ts';
import type { Checked, RelatedProblem } from './relatedProblem.ts';
import { weightProblems } from './weightProblems.ts';

export type RecipeProblem = Problem & Pick<RelatedProblem, 'related'>;

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
