import { maxRecipeLength } from '../recipe/limits.ts';
import { pathProblem } from '../recipe/pathProblem.ts';
import { readText } from './files.ts';
import { experimentPaths, type ResultPaths } from './paths.ts';

/** Where the results of a recipe lie by its file alone: whatever else is written there may be wrong. */
export async function readExperimentPaths(recipe: string): Promise<ResultPaths> {
  return experimentPaths(recipe, { output: await outputOf(recipe) });
}

async function outputOf(recipe: string): Promise<string | undefined> {
  const text = await readText(recipe, 'the recipe', 4 * maxRecipeLength).catch(() => '');
  // Most recipes name none, and need no parser.
  if (!text.includes('"output"') || text.length > maxRecipeLength) return undefined;
  const { parse } = await import('jsonc-parser');
  try {
    const { output } = parse(text.replace(/^\uFEFF/, ''), [], { allowTrailingComma: true }) ?? {};
    return typeof output === 'string' && !pathProblem(output) ? output : undefined;
  } catch {
    // Brackets that nest too deep: the parser calls itself at every level.
    return undefined;
  }
}
