import type { BaseConfig } from '../model/config.ts';
import { type LinearLayer, linearLayers, linearNamesOf } from '../model/layout.ts';

/** The layers that a recipe's targets name, and the names that the base does not have. */
export function targetLayers(
  config: BaseConfig,
  targets: 'all-linear' | readonly string[],
): { layers: LinearLayer[]; unknown: string[] } {
  const layers = linearLayers(config);
  if (targets === 'all-linear') return { layers, unknown: [] };
  const names = linearNamesOf(config);
  return {
    layers: layers.filter(l => targets.includes(l.name)),
    unknown: [...new Set(targets)].filter(name => !names.includes(name)),
  };
}

/** Trainable parameters of factors A [rank, in] and B [out, rank] on these layers. */
export function factorParameters(layers: readonly LinearLayer[], rank: number): number {
  return layers.reduce((sum, l) => sum + rank * (l.in + l.out), 0);
}
