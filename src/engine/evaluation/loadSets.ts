import { readExamples } from '../../experiment/dataFiles.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { heldOutItem, type LoadedSet } from './answerSet.ts';

/** The held-out sets of a recipe, or those that are wanted. Throws `notFound` for a name that it has not. */
export async function loadSets(e: Experiment, wanted?: string[]): Promise<LoadedSet[]> {
  const all = e.recipe.evaluation.sets;
  for (const name of wanted ?? [])
    if (!Object.hasOwn(all, name))
      throw new WorkbenchError(
        'notFound',
        `${e.path} has no evaluation set '${name}'`,
        `There are: ${Object.keys(all).join(', ') || 'none'}.`,
      );
  const names = wanted ?? Object.keys(all);
  if (names.length === 0)
    throw new WorkbenchError('badRecipe', `${e.path} has no evaluation set`, "Add 'evaluation': { 'sets': { … } }.");
  return Promise.all(
    names.map(async name => {
      const set = all[name]!;
      const examples = await readExamples(e.folder, set.data);
      return { name, set, items: examples.slice(0, set.limit ?? examples.length).map(heldOutItem) };
    }),
  );
}
