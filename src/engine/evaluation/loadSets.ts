import type { Example } from '../../data/example.ts';
import type { Base } from '../../experiment/base.ts';
import { readDataset } from '../../experiment/dataFiles.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { noFillTokens } from '../../nn/tokenizer/fillPrompt.ts';
import { fillTokens } from '../../nn/tokenizer/fillTokens.ts';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import type { ScorerName } from '../../protocol/scorer.ts';
import type { EvaluationSet } from '../../recipe/schema.ts';
import { readingOf } from '../../recipe/settings.ts';
import { heldOutItem, type LoadedSet } from './answerSet.ts';

/** A set of a recipe. Throws `notFound` for a name that it has not. */
export function namedSet({ recipe, path }: Experiment, name: string): EvaluationSet {
  const { sets } = recipe.evaluation;
  if (Object.hasOwn(sets, name)) return sets[name]!;
  throw new WorkbenchError(
    'notFound',
    `${path} has no evaluation set '${name}'`,
    `There are: ${Object.keys(sets).join(', ') || 'none'}.`,
  );
}

/** The held-out sets of a recipe, or those that are wanted. Throws `notFound` for a name that it has not. */
export async function loadSets(e: Experiment, wanted?: string[]): Promise<LoadedSet[]> {
  for (const name of wanted ?? []) namedSet(e, name);
  const names = wanted ?? Object.keys(e.recipe.evaluation.sets);
  if (names.length === 0)
    throw new WorkbenchError('badRecipe', `${e.path} has no evaluation set`, "Add 'evaluation': { 'sets': { … } }.");
  return Promise.all(
    names.map(async name => {
      const set = namedSet(e, name);
      const { examples, warnings } = await readDataset(e.folder, set.data, readingOf(set));
      checkQuestions(set.data, examples, set.scorer);
      const items = examples.slice(0, set.limit ?? examples.length).map(heldOutItem);
      return { name, set, items, problems: warnings };
    }),
  );
}

/** Throws `badData` for texts that ask nothing, and for answers that call tools where the scorer compares none. */
export function checkQuestions(file: string, examples: Example[], scorer: ScorerName): void {
  const text = examples.find(example => example.isText);
  if (text)
    throw new WorkbenchError(
      'badData',
      `${file}:${text.line}: a set of questions needs answers to compare with; this is a text without a question`,
      'Name a file in another form, such as { prompt, completion }.',
    );
  if (scorer === 'toolCall') return;
  const calling = examples.find(({ messages }) => messages.at(-1)!.toolCalls);
  if (calling)
    throw new WorkbenchError(
      'badData',
      `${file}:${calling.line}: this answer calls tools, which the scorer '${scorer}' does not compare`,
      "Take the scorer 'toolCall', or leave such examples out of the set.",
    );
}

/** Throws `unsupported`, with the file, for gaps that a base has no tokens to fill with. */
export function checkGaps(base: Base, sets: readonly LoadedSet[]): void {
  const set = sets.find(({ items }) => items.some(item => item.gap));
  if (!set || fillTokens(base.text().tokenizer)) return;
  const { message, hint } = noFillTokens();
  throw new WorkbenchError('unsupported', `${set.set.data} has gaps to be filled: ${message} (${base.folder})`, hint);
}

/** What of the data of sets is not used as it is written, each dataset once. */
export function problemsOf(sets: LoadedSet[]): Problem[] {
  return [...new Map(sets.map(({ set, problems }) => [set.data, problems])).values()].flat();
}
