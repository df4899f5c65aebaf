import type { JSONPath } from 'jsonc-parser';
import { rankOf } from '../../nn/lora/adapterConfig.ts';
import { biasProblem, unusedPatterns } from '../../nn/lora/targetLayers.ts';
import { type LinearLayer, linearLayers, linearNamesOf } from '../../nn/model/layout.ts';
import { nearest } from '../../text/nearest.ts';
import { shortened } from '../../text/shown.ts';
import type { PartProblem } from '../problem.ts';
import type { LoraSettings, Recipe } from '../schema.ts';
import { loraSettingsOf } from '../settings.ts';
import { type Checked, known, unreadable } from './recipeWorld.ts';
import { targetLayersOf } from './targetLayersOf.ts';

/** Whether the base is there, and has what the experts' factors are put on. */
export function factorProblems({ recipe, world }: Checked): PartProblem[] {
  const reason = unreadable(world.base)?.reason;
  if (reason) return [{ code: 'badBase', path: ['base'], on: 'value', message: reason }];
  const base = known(world.base);
  if (!base) return [];
  const layersOf = targetLayersOf(base.config);
  const names = linearNamesOf(base.config);
  return Object.entries(recipe.experts).flatMap(([name, { data }]) => {
    if (!data) return [];
    const lora = loraSettingsOf(recipe, name);
    const { layers, unknown, unknownBlocks } = layersOf(recipe, name);
    const targetsPath = settingPath(recipe, name, 'targets');
    const missing = unknown.map((target): PartProblem => {
      const guess = nearest(target, names);
      return {
        code: 'unknownTarget',

        path: [...targetsPath, (lora.targets as string[]).indexOf(target)],
        on: 'value',
        message: `the base has no linear layer '${shortened(target)}'; it has ${names.join(', ')}`,
        replacement: guess && JSON.stringify(guess),
      };
    });
    const blocksPath = settingPath(recipe, name, 'layers');
    for (const block of unknownBlocks)
      missing.push({
        code: 'unknownTarget',
        path: [...blocksPath, lora.layers!.indexOf(block)],
        on: 'value',
        message: `the base has no block ${block}; its ${base.config.layers} are counted from 0`,
      });
    if (layers.length === 0 && missing.length === 0)
      missing.push({
        code: 'unknownTarget',
        path: targetsPath,
        on: 'value',
        message: noLayer(String(lora.targets), linearLayers(base.config)[0]!.path),
      });
    const biases = layers.length > 0 ? biasProblem(base.config, lora.bias, layers) : undefined;
    if (biases !== undefined)
      missing.push({
        code: 'noBiases',
        path: settingPath(recipe, name, 'bias'),
        on: 'value',
        message: `'${name}' ${biases}`,
        replacement: '"none"',
      });
    return [...missing, ...patternProblems(recipe, name, lora, layers), ...rankProblems(recipe, name, lora, layers)];
  });
}

/** What is said of an expression that no layer fits. */
function noLayer(expression: string, path: string): string {
  return `no layer's whole path fits '${shortened(expression)}'; paths are like ${path}`;
}

/** Keys of patterns that no layer of the expert fits: they would have no effect. */
function patternProblems(recipe: Recipe, name: string, lora: LoraSettings, layers: LinearLayer[]): PartProblem[] {
  return (['rankPattern', 'alphaPattern'] as const).flatMap(key =>
    unusedPatterns(lora[key], layers).map(pattern => ({
      code: 'unknownTarget',
      path: [...settingPath(recipe, name, key), pattern],
      on: 'key',
      message: `no layer with factors fits '${shortened(pattern)}'`,
    })),
  );
}

function rankProblems(recipe: Recipe, name: string, lora: LoraSettings, layers: LinearLayer[]): PartProblem[] {
  const sizes = layers.map(l => ({ ...l, size: Math.min(l.in, l.out), rank: rankOf(lora, l.path) }));
  const above = sizes.filter(l => l.rank > l.size);
  const smallest = above.reduce<(typeof sizes)[0] | undefined>((a, b) => (a && a.size <= b.size ? a : b), undefined);
  if (!smallest) return [];
  const message = `rank ${smallest.rank} is above the size of ${smallest.name} [${smallest.out}, ${smallest.in}]; it can be at most ${smallest.size}`;
  const key = smallest.rank === lora.rank ? 'rank' : 'rankPattern';
  const path = settingPath(recipe, name, key);
  const replacement = path.at(-1) === 'rank' ? String(smallest.size) : undefined;
  return [{ code: 'rankAboveLayer', path, on: 'value', message, replacement }];
}

/** Where an expert's setting is written: with the expert, for all experts, or nowhere, which leaves the expert's name. */
function settingPath({ experts, lora }: Recipe, expert: string, key: keyof LoraSettings): JSONPath {
  if (experts[expert]?.lora?.[key] !== undefined) return ['experts', expert, 'lora', key];
  return lora[key] === undefined ? ['experts', expert, 'lora', key] : ['lora', key];
}
