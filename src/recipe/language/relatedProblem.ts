import type { RecipeReading } from '../parseRecipe.ts';
import type { PartProblem } from '../partProblem.ts';
import type { Recipe } from '../schema.ts';
import type { RecipeWorld } from './recipeWorld.ts';

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

/** What a check looks at. */
export interface Checked {
  recipe: Recipe;
  reading: RecipeReading;
  world: RecipeWorld;
}
