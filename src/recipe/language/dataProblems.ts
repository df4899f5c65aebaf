import type { JSONPath } from 'jsonc-parser';
import type { DataReading } from '../../data/parseDataset.ts';
import type { Problem } from '../../protocol/errors.ts';
import { mostProblems } from '../limits.ts';
import type { PartProblem, ProblemCode, RelatedLine } from '../problem.ts';
import type { Recipe } from '../schema.ts';
import { readingOf } from '../settings.ts';
import { isCompared, overlap } from './dataFacts.ts';
import { type Checked, type DataFacts, known, type RecipeWorld, unreadable } from './recipeWorld.ts';

/** A dataset that a recipe names, and what for. */
export interface DataUse {
  file: string;
  path: JSONPath;
  role: 'train' | 'validation' | 'held-out';
  /** How the recipe says that it is read. */
  reading: DataReading;
}

export function dataUses(recipe: Recipe): DataUse[] {
  const experts = Object.entries(recipe.experts).flatMap(([name, { data }]) =>
    (['train', 'validation'] as const).flatMap(role => {
      const file = data?.[role];
      // A share is set aside of the training data.
      if (!data || typeof file !== 'string') return [];
      return [{ file, path: ['experts', name, 'data', role], role, reading: readingOf(data) }];
    }),
  );
  const sets = Object.entries(recipe.evaluation.sets).map(
    ([name, set]): DataUse => ({
      file: set.data,
      path: ['evaluation', 'sets', name, 'data'],
      role: 'held-out',
      reading: readingOf(set),
    }),
  );
  const { generalText } = recipe.evaluation;
  const general: DataUse[] = generalText
    ? [
        {
          file: generalText.data,
          path: ['evaluation', 'generalText', 'data'],
          role: 'held-out',
          reading: readingOf(generalText),
        },
      ]
    : [];
  return [...experts, ...sets, ...general];
}

/** Whether datasets are there, can be read, and keep what is measured apart from what is learned. */
export function dataProblems({ recipe, world }: Checked): PartProblem[] {
  const uses = dataUses(recipe);
  const seen = new Set<DataFacts>();
  const train = uses.flatMap(({ role, file, reading }) => {
    const facts = role === 'train' ? known(world.data(file, reading)) : undefined;
    if (!facts || seen.has(facts)) return [];
    seen.add(facts);
    return [{ file, facts }];
  });
  return [
    ...uses.flatMap(use => fileProblems(use, world)),
    ...heldOutProblems(
      uses.filter(use => use.role !== 'train'),
      train,
      world,
    ),
    ...missingTests(recipe, world),
  ];
}

/** More lines than this are not listed with the recipe; all are marked in the dataset. */
const mostRelated = 10;

function fileProblems({ file, path, reading }: DataUse, world: RecipeWorld): PartProblem[] {
  const fact = world.data(file, reading);
  const problem = { path, on: 'value' as const };
  const failure = unreadable(fact);
  if (failure)
    return [
      { ...problem, code: failure.unreadable === 'missing' ? 'missingFile' : 'badData', message: failure.reason },
    ];
  const problems = known(fact)?.problems ?? [];
  const groups = [
    problems.filter(p => p.severity === 'error'),
    ...dataWarnings.map(code => problems.filter(p => p.severity === 'warning' && codeOf(p) === code)),
  ];
  return groups.flatMap(group => {
    const [first, ...rest] = group;
    if (!first) return [];
    const more = rest.length > 0 ? ` (and ${rest.length} more)` : '';
    const related = group.slice(0, mostRelated).map(p => ({ file, line: lineOf(p.where), message: p.message }));
    return [{ ...problem, code: codeOf(first), message: `${first.message}${more}`, related }];
  });
}

/** What a dataset's warnings are to a recipe. */
const dataWarnings = ['unusedField', 'convertedText'] as const;

/** What a dataset's problem is to a recipe. */
export function codeOf({ code, severity }: Problem): ProblemCode {
  if (severity === 'warning')
    return ['convertedText', 'lostCharacter'].includes(code) ? 'convertedText' : 'unusedField';
  return ['missingField', 'unknownFormat'].includes(code) ? 'badColumns' : 'badData';
}

/** The line of a dataset's problem, whose place is `file:line`. */
export function lineOf(where: string): number {
  return Number(/:(\d+)$/.exec(where)?.[1] ?? 1);
}

/** Pairs of files, and prompts of pairs that were not compared before, that one check looks at: some tenths of a second. */
const [mostPairs, mostPrompts] = [100_000, 2_000_000];

function heldOutProblems(
  uses: readonly DataUse[],
  train: readonly { file: string; facts: DataFacts }[],
  world: RecipeWorld,
): PartProblem[] {
  const found: PartProblem[] = [];
  let [pairs, prompts] = [0, 0];
  for (const { file, path, role, reading } of uses) {
    const own = known(world.data(file, reading));
    for (const { file: trainFile, facts } of own ? train : []) {
      if (!isCompared(own!, facts)) prompts += own!.examples + facts.examples;
      if (++pairs > mostPairs || prompts > mostPrompts) {
        const message = `the prompts of ${file} and of the files after it are not compared with what is trained on yet: there are too many; the next check goes on`;
        return [...found, { code: 'heldOutOverlap', path, on: 'value', message }];
      }
      const shared = overlap(own!, facts);
      if (!shared) continue;
      const what = role === 'validation' ? 'validation' : 'held-out';
      const message = `${shared.count} of ${own!.examples} ${what} prompts are in ${trainFile} too; the first is in line ${shared.line}`;
      const related: RelatedLine[] = [
        { file, line: shared.line, message: 'this prompt is measured …' },
        { file: trainFile, line: shared.trainLine, message: '… and trained on' },
      ];
      found.push({ code: 'heldOutOverlap', path, on: 'value', message, related });
      // More are not told.
      if (found.length > mostProblems) return found;
    }
  }
  return found;
}

function missingTests(recipe: Recipe, world: RecipeWorld): PartProblem[] {
  return Object.entries(recipe.evaluation.sets).flatMap(([name, set]): PartProblem[] => {
    const { data, scorer } = set;
    const facts: DataFacts | undefined = known(world.data(data, readingOf(set)));
    if (scorer !== 'code' || !facts || facts.examples === 0 || facts.hasTests) return [];
    const message = `the examples of ${data} have no 'tests'; the scorer 'code' runs them`;
    return [{ code: 'missingTests', path: ['evaluation', 'sets', name, 'scorer'], on: 'value', message }];
  });
}
