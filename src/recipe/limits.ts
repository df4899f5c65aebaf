/** Limits of a recipe, which take no schema to be known. */

/** A recipe is text that people write; one larger than this, in UTF-16 units, is a mistake (a dataset, a model). */
export const maxRecipeLength = 1_000_000;

/** A recipe nests six deep; the parsers are recursive, and deep nesting would overflow the stack. */
export const maxRecipeDepth = 100;

/** Words, numbers, brackets, signs between them and comments: what takes time with every keystroke. */
export const maxRecipeTokens = 20_000;

/** Lines, empty ones too. */
export const maxRecipeLines = 40_000;

/** Experts, blends, merges, sets and steps of a recipe: of each at most so many. */
export const mostParts = 1000;

/** Problems of a recipe that are told; more than one reads, and little enough to be found with every keystroke. */
export const mostProblems = 100;
