import type { JSONPath } from 'jsonc-parser';
import type { Problem } from '../../protocol/errors.ts';
import { mostProblems } from '../limits.ts';
import type { PartProblem, ProblemCode, RelatedLine } from '../problem.ts';
import type { Recipe } from '../schema.ts';
import { isCompared, overlap } from './dataFacts.ts';
import { type Checked, type DataFacts, known, type RecipeWorld, unreadable } from './recipeWorld.ts';

/** A dataset that a recipe names, and what for. */
export interface DataUse {
  file: string;
  path: JSONPath;
  role: 'train' | 'validation' | 'held-out';
}

export function dataUses(recipe: Recipe): DataUse[] {
  const experts = Object.entries(recipe.experts).flatMap(([name, { data }]) =>
    (['train', 'validation'] as const).flatMap(role => {
      const file = data?.[role];
      return file ? [{ file, path: ['experts', name, 'data', role], role }] : [];
    }),
  );
  const sets = Object.entries(recipe.evaluation.sets).map(
    ([name, { data }]): DataUse => ({ file: data, path: ['evaluation', 'sets', name, 'data'], role: 'held-out' }),
  );
  return [...experts, ...sets];
}

/** Whether datasets are there, can be read, and keep what is measured apart from what is learned. */
export function dataProblems({ recipe, world }: Checked): PartProblem[] {
  const uses = dataUses(recipe);
  const trainFiles = [...new Set(uses.flatMap(({ role, file }) => (role === 'train' ? [file] : [])))];
  const train = trainFiles.flatMap(file => {
    const facts = known(world.data(file));
    return facts ? [{ file, facts }] : [];
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

function fileProblems({ file, path }: DataUse, world: RecipeWorld): PartProblem[] {
  const fact = world.data(file);
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
  for (const { file, path, role } of uses) {
    const own = known(world.data(file));
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
  return Object.entries(recipe.evaluation.sets).flatMap(([name, { data, scorer }]): PartProblem[] => {
    const facts: DataFacts | undefined = known(world.data(data));
    if (scorer !== 'code' || !facts || facts.examples === 0 || facts.hasTests) return [];
    const message = `the examples of ${data} have no 'tests'; the scorer 'code' runs them`;
    return [{ code: 'missingTests', path: ['evaluation', 'sets', name, 'scorer'], on: 'value', message }];
  });
}
