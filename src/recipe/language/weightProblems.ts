import type { JSONPath } from 'jsonc-parser';
import { mergeSettingNames, methodParts, methodSettings } from '../../nn/merge/mergeMethods.ts';
import { nodeAt } from '../nodes.ts';
import { type PartProblem, pathText } from '../problem.ts';
import { loraSettingsOf, mergeWeightsOf } from '../settings.ts';
import { type Checked, known } from './recipeWorld.ts';

/** Weights of blends and merges that have no effect or may be a mistake, and merges that cannot be made as they are. */
export function weightProblems(checked: Checked): PartProblem[] {
  const { blends, merges, steps } = checked.recipe;
  const tables: [JSONPath, Record<string, number> | undefined][] = [
    ...Object.entries(blends).map(([name, w]): [JSONPath, typeof w] => [['blends', name], w]),
    ...Object.entries(merges).map(([name, m]): [JSONPath, typeof m.weights] => [
      ['merges', name, 'weights'],
      m.weights,
    ]),
    ...steps.map((step, i): [JSONPath, Record<string, number> | undefined] => [
      ['steps', i, 'weights'],
      step.do === 'ask' ? step.weights : undefined,
    ]),
  ];
  return [
    ...tables.flatMap(([path, weights]) => oddWeights(weights ?? {}, path, checked)),
    ...Object.keys(merges).flatMap(name => [
      ...notFactors(name, checked),
      ...unequalRanks(name, checked),
      ...unusedSettings(name, checked),
    ]),
  ];
}

function oddWeights(weights: Record<string, number>, path: JSONPath, { reading }: Checked): PartProblem[] {
  // That all of them are zero is a problem of its own.
  if (Object.values(weights).every(w => w === 0)) return [];
  return Object.entries(weights).flatMap(([expert, weight]): PartProblem[] => {
    const at = { path: [...path, expert], on: 'value' as const };
    const where = pathText(at.path);
    if (weight === 0)
      return [{ ...at, code: 'zeroWeight', message: `${where}: weight 0, so '${expert}' takes no part; leave it out` }];
    if (weight > 0 || hasComment(reading, at.path)) return [];
    const message = `${where}: a negative weight subtracts what '${expert}' learned; if that is meant, say so in a comment`;
    return [{ ...at, code: 'negativeWeight', message, replacement: String(-weight) }];
  });
}

/** Characters between a weight and what is said of it: of a line that is longer the rest is not looked at. */
const farthestComment = 1000;

/** Whether a comment stands behind a value in its line, or alone in the line above. */
function hasComment({ text, root }: Checked['reading'], path: JSONPath): boolean {
  const node = root && nodeAt(root, path);
  if (!node) return false;
  const end = node.offset + node.length;
  const [rest = ''] = text.slice(end, end + farthestComment).split('\n', 1);
  const before = text.slice(Math.max(0, node.offset - farthestComment), node.offset);
  const above = before.split('\n').at(-2)?.trim() ?? '';
  return /\/[/*]/.test(rest) || above.startsWith('//') || above.endsWith('*/');
}

/** Experts of a merge whose deltas are no products of factors: they cannot become an adapter. */
function notFactors(name: string, { recipe, world }: Checked): PartProblem[] {
  return Object.entries(mergeWeightsOf(recipe, name)).flatMap(([expert, weight]): PartProblem[] => {
    const { data, adapter } = recipe.experts[expert] ?? {};
    const config = adapter === undefined ? undefined : known(world.adapter(adapter))?.config;
    const isDora = data ? loraSettingsOf(recipe, expert).dora : config?.dora;
    const hasBiases = (data ? loraSettingsOf(recipe, expert).bias : (config?.bias ?? 'none')) !== 'none';
    if (weight === 0 || (!isDora && !hasBiases)) return [];
    const why = isDora ? 'is trained with DoRA' : 'may have trained biases';
    const message = `'${expert}' ${why}, which a merge into an adapter cannot hold; blend it, or merge into a copy of the base (--into-base)`;
    const path = Object.hasOwn(recipe.merges[name]!.weights, expert) ? ['weights', expert] : [];
    return [{ code: 'notFactors', path: ['merges', name, ...path], on: 'key', message }];
  });
}

function unequalRanks(name: string, { recipe, world }: Checked): PartProblem[] {
  const { method, weights } = recipe.merges[name]!;
  if (methodParts[method].on !== 'factors') return [];
  const ranks = Object.entries(weights).flatMap(([expert, weight]) => {
    const { data, adapter } = recipe.experts[expert] ?? {};
    const rank = data ? loraSettingsOf(recipe, expert).rank : adapter && known(world.adapter(adapter))?.config.rank;
    return weight !== 0 && rank ? [{ expert, rank }] : [];
  });
  if (ranks.every(r => r.rank === ranks[0]!.rank)) return [];
  const list = ranks.map(r => `${r.rank} (${r.expert})`).join(', ');
  const message = `'${method}' needs equal ranks, but they are ${list}; 'cat' and the svd forms take any`;
  return [
    {
      code: 'unequalRanks',

      path: ['merges', name, 'method'],
      on: 'value',
      message,
      replacement: '"cat"',
    },
  ];
}

function unusedSettings(name: string, { recipe, reading }: Checked): PartProblem[] {
  const { method } = recipe.merges[name]!;
  const read: string[] = methodSettings(method);
  return mergeSettingNames.flatMap((key): PartProblem[] => {
    const path = ['merges', name, key];
    // Defaults are filled in: only the text says what was written.
    if (read.includes(key) || !reading.root || !nodeAt(reading.root, path)) return [];
    const message = `'${method}' does not read '${key}'`;
    return [{ code: 'unusedSetting', path, on: 'key', message }];
  });
}
