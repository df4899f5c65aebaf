import type { JSONPath } from 'jsonc-parser';
import { linearNamesOf } from '../../nn/model/layout.ts';
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
    const { layers, unknown } = layersOf(recipe, name);
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
    const sizes = layers.map(l => ({ ...l, size: Math.min(l.in, l.out) }));
    const smallest = sizes.reduce<(typeof sizes)[0] | undefined>((a, b) => (a && a.size <= b.size ? a : b), undefined);
    if (!smallest || lora.rank <= smallest.size) return missing;
    const message = `rank ${lora.rank} is above the size of ${smallest.name} [${smallest.out}, ${smallest.in}]; it can be at most ${smallest.size}`;
    const path = settingPath(recipe, name, 'rank');
    const replacement = path.at(-1) === 'rank' ? String(smallest.size) : undefined;
    return [...missing, { code: 'rankAboveLayer', path, on: 'value', message, replacement }];
  });
}

/** Where an expert's setting is written: with the expert, for all experts, or nowhere, which leaves the expert's name. */
function settingPath({ experts, lora }: Recipe, expert: string, key: keyof LoraSettings): JSONPath {
  if (experts[expert]?.lora?.[key] !== undefined) return ['experts', expert, 'lora', key];
  return lora[key] === undefined ? ['experts', expert, 'lora', key] : ['lora', key];
}
