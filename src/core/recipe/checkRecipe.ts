import type { Problem } from '../../shared/errors.ts';
import type { Recipe } from '../../shared/recipe.ts';
import { nearest } from './nearest.ts';

/** What the schema alone cannot say: names that must exist, weights that must mean something. */
export function checkRecipe(recipe: Recipe): Problem[] {
  const problems: Problem[] = [];
  const error = (code: string, where: string, message: string) =>
    problems.push({ code, severity: 'error', where, message });
  const experts = Object.keys(recipe.experts);
  const known = (kind: string, name: string, names: string[], where: string) => {
    if (names.includes(name)) return;
    const guess = nearest(name, names);
    const hint = guess
      ? `did you mean '${guess}'?`
      : names.length > 0
        ? `there are: ${names.join(', ')}`
        : 'there is none';
    error(`unknown${kind}`, where, `${where}: no ${kind.toLowerCase()} is called '${name}'; ${hint}`);
  };
  const weights = (table: Record<string, number>, where: string) => {
    for (const name of Object.keys(table)) known('Expert', name, experts, `${where}.${name}`);
    const message = weightsProblem(table);
    if (message) error('badWeights', where, `${where}: ${message}`);
  };

  for (const name of experts) {
    const where = `experts.${name}`;
    const { data, adapter } = recipe.experts[name]!;
    if (['base', 'auto'].includes(name))
      error('reservedName', where, `'${name}' has a meaning of its own; call the expert otherwise`);
    if (!data && !adapter)
      error('nothingToTrain', where, `${where}: needs 'data' to be trained on, or an 'adapter' to load`);
    if (data && adapter) error('dataAndAdapter', where, `${where}: has both 'data' and 'adapter'; keep one`);
  }
  for (const [name, blend] of Object.entries(recipe.blends)) weights(blend, `blends.${name}`);
  for (const [name, merge] of Object.entries(recipe.merges)) weights(merge.weights, `merges.${name}.weights`);
  for (const [name, set] of Object.entries(recipe.evaluation.sets))
    known('Expert', set.expert, experts, `evaluation.sets.${name}.expert`);
  for (const [i, name] of (recipe.evaluation.sequential?.order ?? []).entries())
    known('Expert', name, experts, `evaluation.sequential.order[${i}]`);
  if (recipe.router.kind === 'keywords')
    for (const name of Object.keys(recipe.router.keywords ?? {}))
      known('Expert', name, experts, `router.keywords.${name}`);

  const [blends, merges, sets] = [recipe.blends, recipe.merges, recipe.evaluation.sets].map(o => Object.keys(o)) as [
    string[],
    string[],
    string[],
  ];
  for (const [i, step] of recipe.steps.entries()) {
    const where = `steps[${i}]`;
    if (step.do === 'train') step.experts?.forEach((e, j) => known('Expert', e, experts, `${where}.experts[${j}]`));
    if (step.do === 'ask') {
      known('Expert', step.expert, [...experts, ...merges, 'base', 'auto'], `${where}.expert`);
      if (step.blend) known('Blend', step.blend, blends, `${where}.blend`);
      if (step.weights) weights(step.weights, `${where}.weights`);
    }
    if (step.do === 'blend') step.blends.forEach((b, j) => known('Blend', b, blends, `${where}.blends[${j}]`));
    if (step.do === 'merge') known('Merge', step.merge, merges, `${where}.merge`);
    if (step.do === 'evaluate') step.sets?.forEach((s, j) => known('Set', s, sets, `${where}.sets[${j}]`));
  }
  return problems;
}

/** Why a table of weights means nothing, or undefined when it does. */
export function weightsProblem(weights: Record<string, number>): string | undefined {
  const entries = Object.entries(weights);
  if (entries.length === 0) return 'no weight is given';
  const bad = entries.find(([, w]) => !Number.isFinite(w));
  if (bad) return `the weight of '${bad[0]}' is not a number`;
  if (entries.every(([, w]) => w === 0)) return 'all weights are zero, which is the base alone; give one a value';
  return undefined;
}
