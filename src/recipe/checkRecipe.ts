import type { JSONPath } from 'jsonc-parser';
import type { DataColumns } from '../data/columns.ts';
import { isFitted } from '../protocol/mergeMethod.ts';
import { nearest } from '../text/nearest.ts';
import { shortened } from '../text/shown.ts';
import { mostProblems } from './limits.ts';
import { impliedNames, type NameKind, type NameUse, nameUses, refusedNames } from './names.ts';
import { type PartProblem, type ProblemCode, pathText } from './problem.ts';
import type { Recipe } from './schema.ts';
import { mergeWeightsOf } from './settings.ts';

/** Checks that the schema cannot express: names must be defined, weights must not all be zero. */
export function checkRecipe(recipe: Recipe): PartProblem[] {
  const problems: PartProblem[] = [];
  const error = (code: ProblemCode, path: JSONPath, message: string) =>
    problems.push({ code, path, on: 'key', message });
  const weights = (table: Record<string, number>, path: JSONPath) => {
    const message = weightsProblem(table);
    if (message) error('badWeights', path, `${pathText(path)}: ${message}`);
  };

  const columns = (names: DataColumns, path: JSONPath) => {
    const message = columnsProblem(names);
    if (message) error('badColumns', path, `${pathText(path)}: ${message}`);
  };
  const reserved = (kind: NameKind, name: string, path: JSONPath) => {
    if (refusedNames(kind).includes(name))
      error('reservedName', path, `'${name}' has a meaning of its own; call the ${kind} otherwise`);
  };

  for (const [name, { data, adapter, startFrom }] of Object.entries(recipe.experts)) {
    const path = ['experts', name];
    const where = pathText(path);
    reserved('expert', name, path);
    if (!data && !adapter)
      error('nothingToTrain', path, `${where}: needs 'data' to be trained on, or an 'adapter' to load`);
    if (data?.columns) columns(data.columns, [...path, 'data', 'columns']);
    if (startFrom !== undefined && !data)
      error(
        'unusedSetting',
        [...path, 'startFrom'],
        `${where}.startFrom: nothing is trained here; add 'data', or remove it`,
      );
    if (data && adapter) error('dataAndAdapter', path, `${where}: has both 'data' and 'adapter'; keep one`);
  }
  for (const [name, blend] of Object.entries(recipe.blends)) {
    reserved('blend', name, ['blends', name]);
    weights(blend, ['blends', name]);
  }
  for (const [name, merge] of Object.entries(recipe.merges)) {
    const path = ['merges', name];
    reserved('merge', name, path);
    if (Object.hasOwn(recipe.experts, name))
      error(
        'takenName',
        path,
        `${pathText(path)}: an expert is called '${name}'; once made, the merge would answer for it`,
      );
    if (!isFitted(merge.method)) weights(merge.weights, [...path, 'weights']);
    else {
      const problem = fittedMergeProblem(recipe, mergeWeightsOf(recipe, name));
      if (problem) error('badWeights', path, `${pathText(path)}: ${problem}`);
    }
  }
  for (const name of Object.keys(recipe.engines)) reserved('engine', name, ['engines', name]);
  for (const [name, set] of Object.entries(recipe.evaluation.sets))
    if (set.columns) columns(set.columns, ['evaluation', 'sets', name, 'columns']);
  const { generalText } = recipe.evaluation;
  if (generalText?.columns) columns(generalText.columns, ['evaluation', 'generalText', 'columns']);
  for (const [i, step] of recipe.steps.entries())
    if (step.do === 'ask' && step.weights) weights(step.weights, ['steps', i, 'weights']);
  return [...problems, ...unknownNames(nameUses(recipe))];
}

/** Why columns make no example; undefined where they do. */
function columnsProblem({ prompt, answer, ...others }: DataColumns): string | undefined {
  const whole = (['messages', 'text'] as const).filter(name => others[name] !== undefined);
  const isExchange = prompt !== undefined || answer !== undefined;
  if (whole.length + Number(isExchange) > 1)
    return "name 'prompt' and 'answer', or 'messages', or 'text', and no two of them";
  if (whole.length === 0 && !(prompt && answer)) return "needs 'prompt' and 'answer', or 'messages', or 'text'";
  const unread = (['context', 'history', 'choices', 'system'] as const).find(
    name => others[name] !== undefined && (whole[0] === 'text' || (whole[0] === 'messages' && name !== 'system')),
  );
  return unread && `'${unread}' has no place beside '${whole[0]}'`;
}

const unknownCodes: Record<NameKind, ProblemCode> = {
  expert: 'unknownExpert',
  blend: 'unknownBlend',
  merge: 'unknownMerge',
  set: 'unknownSet',
  engine: 'unknownEngine',
};

/** Names that a message lists. */
const mostListed = 20;

function unknownNames(uses: NameUse[]): PartProblem[] {
  const defined = uses.filter(use => use.isDefinition);
  const answering = new Map<string, { names: string[]; answers: Set<string> }>();
  /** The names that such a use can stand for, and those that have a meaning of their own. */
  const answersOf = (kinds: NameKind[]) => {
    const key = kinds.join(' ');
    let found = answering.get(key);
    if (!found) {
      const names = defined.filter(d => kinds.includes(d.kinds[0]!)).map(d => d.name);
      found = { names, answers: new Set([...names, ...impliedNames(kinds)]) };
      answering.set(key, found);
    }
    return found;
  };
  let told = 0;
  return uses.flatMap(({ kinds, isDefinition, name, path, on }): PartProblem[] => {
    if (isDefinition) return [];
    const { names, answers } = answersOf(kinds);
    if (answers.has(name)) return [];
    const [kind] = kinds as [NameKind];
    const problem = { code: unknownCodes[kind], path, on };
    // The others are counted alone.
    if (++told > mostProblems) return [{ ...problem, message: '' }];
    const guess = nearest(name, answers);
    const hint = guess
      ? `did you mean '${guess}'?`
      : names.length > 0
        ? `there are: ${listed(names)}`
        : 'there is none';
    const message = `${pathText(path)}: no ${kind} is called '${shortened(name)}'; ${hint}`;
    return [{ ...problem, message, replacement: guess && JSON.stringify(guess) }];
  });
}

function listed(names: readonly string[]): string {
  const more = names.length > mostListed ? ` and ${names.length - mostListed} more` : '';
  return (
    names
      .slice(0, mostListed)
      .map(name => shortened(name))
      .join(', ') + more
  );
}

/** Why a merge cannot be fitted to the data of these experts; undefined where it can. */
export function fittedMergeProblem({ experts }: Recipe, weights: Record<string, number>): string | undefined {
  if (Object.keys(weights).length === 0) return 'no expert has data that it could be fitted to';
  const problem = weightsProblem(weights);
  if (problem) return problem;
  const negative = Object.keys(weights).find(name => weights[name]! < 0);
  if (negative !== undefined) return `the texts of '${shortened(negative)}' cannot count less than 0`;
  // A name that no expert has is a problem of its own.
  const unread = Object.keys(weights).find(name => weights[name] !== 0 && experts[name] && !experts[name].data);
  return unread && `'${shortened(unread)}' has no data here that it could be fitted to`;
}

/** Why a table of weights cannot be used; undefined where it can. */
export function weightsProblem(weights: Record<string, number>): string | undefined {
  const entries = Object.entries(weights);
  if (entries.length === 0) return 'no weight is given';
  const bad = entries.find(([, w]) => !Number.isFinite(w));
  if (bad) return `the weight of '${shortened(bad[0])}' is not a number`;
  if (entries.every(([, w]) => w === 0)) return 'all weights are zero, which is the base alone; give one a value';
  return undefined;
}
