import type { BaseConfig } from '../model/config.ts';
import { type LinearLayer, linearLayers, linearNamesOf } from '../model/layout.ts';
import { patternKey, targetExpression } from './modulePattern.ts';

/** Which layers carry factors, as a recipe says it. */
export interface Targeted {
  /** Names, or one expression that fits whole paths. */
  targets: readonly string[] | string;
  /** The blocks among which they are; all without it. */
  layers?: readonly number[];
}

/** The layers that a recipe's targets name, and what of them the base does not have: names, and blocks. */
export function targetLayers(
  config: BaseConfig,
  { targets, layers: blocks }: Targeted,
): { layers: LinearLayer[]; unknown: string[]; unknownBlocks: number[] } {
  const wanted = blocks && new Set(blocks);
  const layers = linearLayers(config).filter(l => !wanted || wanted.has(l.layer));
  const unknownBlocks = [...(wanted ?? [])].filter(block => block >= config.layers);
  if (targets === 'all-linear') return { layers, unknown: [], unknownBlocks };
  if (typeof targets === 'string') {
    const fits = targetExpression(targets) ?? (() => false);
    return { layers: layers.filter(l => fits(l.path)), unknown: [], unknownBlocks };
  }
  const names = linearNamesOf(config);
  return {
    layers: layers.filter(l => targets.includes(l.name)),
    unknown: [...new Set(targets)].filter(name => !names.includes(name)),
    unknownBlocks,
  };
}

/** Why biases cannot be trained as they are meant to be, beside factors on these layers; undefined where they can. */
export function biasProblem(
  config: BaseConfig,
  bias: 'none' | 'lora_only' | 'all',
  layers: readonly LinearLayer[],
): string | undefined {
  if (bias === 'none') return undefined;
  if (bias === 'all' && config.norm === 'layerWithBias')
    return "trains all biases, and those of the base's norms are not trained; 'lora_only' is for such bases";
  const concerned = bias === 'all' ? linearLayers(config) : layers;
  if (concerned.some(l => l.bias)) return undefined;
  return `trains biases, and none of the ${bias === 'all' ? 'linear layers' : 'layers with factors'} has one`;
}

/** The keys of a pattern that are the first to fit no layer: they have no effect. */
export function unusedPatterns(pattern: Readonly<Record<string, number>>, layers: readonly LinearLayer[]): string[] {
  const used = new Set(layers.map(l => patternKey(pattern, l.path)));
  return Object.keys(pattern).filter(key => !used.has(key));
}

/** Trainable parameters of factors A [rank, in] and B [out, rank] on these layers. */
export function factorParameters(layers: readonly LinearLayer[], rankOf: (path: string) => number): number {
  return layers.reduce((sum, l) => sum + rankOf(l.path) * (l.in + l.out), 0);
}
