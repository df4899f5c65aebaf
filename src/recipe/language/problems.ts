import type { RecipeReading } from '../parse.ts';
import { firstProblems, type PartProblem, placeProblem, type RecipeProblem } from '../problem.ts';
import { adapterProblems } from './adapterProblems.ts';
import { dataProblems } from './dataProblems.ts';
import { factorProblems } from './factorProblems.ts';
import { learnedProblems } from './learnedProblems.ts';
import type { Checked, RecipeWorld } from './recipeWorld.ts';
import { weightProblems } from './weightProblems.ts';

const checks: ((checked: Checked) => PartProblem[])[] = [
  factorProblems,
  adapterProblems,
  dataProblems,
  learnedProblems,
  weightProblems,
];

/** All problems of a recipe: of its text, and of what it refers to. */
export function recipeProblems(reading: RecipeReading, world: RecipeWorld): RecipeProblem[] {
  const { root, parts } = reading;
  // Those of the text come first, and are to be mended first where there are more than are told.
  const isBroken = reading.problems.some(p => p.code === 'syntax' || p.code === 'moreProblems');
  if (!root || !parts || isBroken) return reading.problems;
  const found = checks.flatMap(check => check({ recipe: parts, reading, world })).map(p => placeProblem(p, root));
  // Experts that share a setting share its problems.
  const once = new Map(found.map(p => [`${p.code} ${p.where} ${p.message}`, p]));
  return firstProblems([...reading.problems, ...once.values()]);
}
