import type { RouteResult } from '../../src/protocol/route.ts';
import type { Weights } from '../../src/protocol/target.ts';
import type { Lab } from '../../src/protocol/views/blend.ts';
import { weightsOver } from './weights.ts';

/** Weights to begin with. */
export interface Preset {
  id: string;
  label: string;
  /** Absent where the prompt has not been routed yet. */
  weights?: Weights;
}

/** The preset that follows the prompt, and the one that stands for weights that were moved. */
export const routerPreset = 'router';
export const ownPreset = 'own';

/** What a blend can begin with: the router's choice, equal shares, the base, each expert, what the recipe and its report name. */
export function presetsOf({ experts, presets }: Lab, route: RouteResult | undefined): Preset[] {
  const names = experts.map(({ name }) => name);
  const trained = experts.filter(({ isTrained }) => isTrained).map(({ name }) => name);
  const over = (table: Weights) => weightsOver(names, table);
  const usable = presets.filter(({ weights }) =>
    Object.keys(weights).every(name => trained.includes(name) || !weights[name]),
  );
  return [
    { id: routerPreset, label: 'Router’s choice for the prompt', weights: route && over(route.weights) },
    {
      id: 'equal',
      label: 'Equal',
      weights: over(Object.fromEntries(trained.map(name => [name, round(1 / trained.length)]))),
    },
    { id: 'base', label: 'Base alone', weights: over({}) },
    ...trained.map(name => ({ id: `expert:${name}`, label: `${name} alone`, weights: over({ [name]: 1 }) })),
    ...usable.map(({ source, name, weights }) => ({
      id: `${source}:${name}`,
      label: source === 'recipe' ? `${name} (recipe)` : `${name} (evaluated)`,
      weights: over(weights),
    })),
  ];
}

function round(weight: number): number {
  return Math.round(weight * 1e4) / 1e4;
}
