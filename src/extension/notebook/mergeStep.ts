import { besideRecipe } from './runningSteps.ts';
import type { StepContext, StepOf } from './stepContext.ts';

/** Merges for good, and shows how far the result is from the exact sum. */
export async function mergeStep({ merge: name }: StepOf<'merge'>, context: StepContext): Promise<void> {
  const { uri, recipe, engine, signal, show } = context;
  const { path, rank, relativeError } = await engine.request('merge', { recipe: uri.fsPath, merge: name }, { signal });
  const { method, weights } = recipe.merges[name]!;
  show(() => ({ kind: 'merge', name, method, weights, rank, relativeError, path: besideRecipe(uri, path) }));
}
