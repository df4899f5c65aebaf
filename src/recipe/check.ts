import type { JSONPath } from 'jsonc-parser';
import { nearest } from '../text/nearest.ts';
import { type NameKind, type NameUse, nameUses, reservedNames } from './names.ts';
import { type PartProblem, type ProblemCode, pathText } from './problem.ts';
import type { Recipe } from './schema.ts';

/** Checks that the schema cannot express: names must be defined, weights must not all be zero. */
export function checkRecipe(recipe: Recipe): PartProblem[] {
  const problems: PartProblem[] = [];
  const error = (code: ProblemCode, path: JSONPath, message: string) =>
    problems.push({ code, path, on: 'key', message });
  const weights = (table: Record<string, number>, path: JSONPath) => {
    const message = weightsProblem(table);
    if (message) error('badWeights', path, `${pathText(path)}: ${message}`);
  };

  const reserved = (kind: NameKind, name: string, path: JSONPath) => {
    if (reservedNames.includes(name))
      error('reservedName', path, `'${name}' has a meaning of its own; call the ${kind} otherwise`);
  };

  for (const [name, { data, adapter }] of Object.entries(recipe.experts)) {
    const path = ['experts', name];
    const where = pathText(path);
    reserved('expert', name, path);
    if (!data && !adapter)
      error('nothingToTrain', path, `${where}: needs 'data' to be trained on, or an 'adapter' to load`);
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
    weights(merge.weights, [...path, 'weights']);
  }
  for (const [i, step] of recipe.steps.entries())
    if (step.do === 'ask' && step.weights) weights(step.weights, ['steps', i, 'weights']);
  return [...problems, ...unknownNames(nameUses(recipe))];
}

const unknownCodes: Record<NameKind, ProblemCode> = {
  expert: 'unknownExpert',
  blend: 'unknownBlend',
  merge: 'unknownMerge',
  set: 'unknownSet',
};

function unknownNames(uses: NameUse[]): PartProblem[] {
  const defined = uses.filter(use => use.isDefinition);
  return uses.flatMap(({ kinds, isDefinition, name, path, on }): PartProblem[] => {
    if (isDefinition) return [];
    const names = defined.filter(d => kinds.includes(d.kinds[0]!)).map(d => d.name);
    const answers = kinds.length > 1 ? [...names, ...reservedNames] : names;
    if (answers.includes(name)) return [];
    const guess = nearest(name, answers);
    const hint = guess
      ? `did you mean '${guess}'?`
      : names.length > 0
        ? `there are: ${names.join(', ')}`
        : 'there is none';
    const [kind] = kinds as [NameKind];
    const code = unknownCodes[kind];
    const message = `${pathText(path)}: no ${kind} is called '${name}'; ${hint}`;
    return [{ code, path, on, message, replacement: guess && JSON.stringify(guess) }];
  });
}

/** Why a table of weights cannot be used; undefined where it can. */
export function weightsProblem(weights: Record<string, number>): string | undefined {
  const entries = Object.entries(weights);
  if (entries.length === 0) return 'no weight is given';
  const bad = entries.find(([, w]) => !Number.isFinite(w));
  if (bad) return `the weight of '${bad[0]}' is not a number`;
  if (entries.every(([, w]) => w === 0)) return 'all weights are zero, which is the base alone; give one a value';
  return undefined;
}
