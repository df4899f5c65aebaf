import { readDataset } from '../../experiment/dataFiles.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import { readingOf } from '../../recipe/settings.ts';
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
      const { examples, warnings } = await readDataset(e.folder, set.data, readingOf(set));
      const text = examples.find(example => example.isText);
      if (text)
        throw new WorkbenchError(
          'badData',
          `${set.data}:${text.line}: a set of questions needs answers to compare with; this is a text without a question`,
          'Name a file in another form, such as { prompt, completion }.',
        );
      const calling = examples.find(({ messages, tools }) => tools || messages.some(m => m.toolCalls));
      if (calling)
        throw new WorkbenchError(
          'badData',
          `${set.data}:${calling.line}: a set of questions is answered without tools; this example has some`,
          'Leave such examples out of the set; they can be learned, and count in the validation of a training.',
        );
      const items = examples.slice(0, set.limit ?? examples.length).map(heldOutItem);
      return { name, set, items, problems: warnings };
    }),
  );
}

/** What of the data of sets is not used as it is written, each dataset once. */
export function problemsOf(sets: LoadedSet[]): Problem[] {
  return [...new Map(sets.map(({ set, problems }) => [set.data, problems])).values()].flat();
}
