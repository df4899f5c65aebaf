import { visibleName } from '../../protocol/visibleText.ts';
import type { ArchitectureTraits } from './architectureTraits.ts';
import type { ConfigReader } from './configReader.ts';

/** What the attention of a block sees and rotates. */
export interface LayerType {
  /** A token sees itself and the `window` − 1 before it; all before it without one. */
  window?: number;
  /** The rotary embedding, by its place in `ropes`; queries and keys stay as they are without one. */
  rope?: number;
}

/** As the classes in transformers fill in `layer_types` where config.json has none. */
export function layerTypesOf(
  config: ConfigReader,
  traits: ArchitectureTraits,
  { layers, maxLength }: { layers: number; maxLength: number },
): LayerType[] {
  const named = rotatedLayers(config, traits, layers);
  const window = windowOf(config, traits);
  const slides = slidingLayers(config, traits, { layers, rotated: named, isThere: window !== undefined });
  const rotated = traits.rotated === 'windowed' ? slides : named;
  return Array.from({ length: layers }, (_, layer) => {
    const type: LayerType = {};
    // A window as long as the longest text hides nothing.
    if (slides(layer) && window! < maxLength) type.window = window!;
    if (rotated(layer)) type.rope = traits.ropes && slides(layer) ? 1 : 0;
    return type;
  });
}

function windowOf(config: ConfigReader, traits: ArchitectureTraits): number | undefined {
  if (traits.windows === 'none') return undefined;
  if (traits.windowSwitch && config.flag(traits.windowSwitch) !== true) return undefined;
  if (config.optional('sliding_window', traits.defaults.window) === undefined) return undefined;
  return config.integer('sliding_window', traits.defaults.window);
}

function slidingLayers(
  config: ConfigReader,
  { windows }: ArchitectureTraits,
  { layers, rotated, isThere }: { layers: number; rotated: (layer: number) => boolean; isThere: boolean },
): (layer: number) => boolean {
  if (windows === 'none') return () => false;
  if (windows === 'all') return () => isThere;
  const given = givenLayerTypes(config, layers);
  if (given) {
    if (!isThere && given.includes('sliding_attention'))
      throw config.bad('sliding_window', "the window of the layers that 'layer_types' calls sliding", undefined);
    return layer => given[layer] === 'sliding_attention';
  }
  if (!isThere) return () => false;
  if (windows === 'last') {
    const first = config.count('max_window_layers', 28);
    return layer => layer >= first;
  }
  if (windows === 'unrotated') return layer => !rotated(layer);
  const every = config.integer('sliding_window_pattern', windows.allButEvery);
  return layer => (layer + 1) % every !== 0;
}

function givenLayerTypes(config: ConfigReader, layers: number): string[] | undefined {
  const isText = (x: unknown): x is string => typeof x === 'string';
  const given = config.list('layer_types', 'a list of texts', isText);
  if (!given) return undefined;
  if (given.length !== layers) throw config.bad('layer_types', `a list of ${layers} texts, one for each layer`, given);
  const other = given.find(type => type !== 'full_attention' && type !== 'sliding_attention');
  if (other === undefined) return given;
  throw config.unsupported(
    `the layer type '${visibleName(other)}'`,
    "supported: 'full_attention', 'sliding_attention'",
  );
}

function rotatedLayers(
  config: ConfigReader,
  { rotated }: ArchitectureTraits,
  layers: number,
): (layer: number) => boolean {
  if (rotated === 'all' || rotated === 'windowed') return () => true;
  if (rotated === 'position_embedding_type') {
    const type = config.text(rotated);
    return () => type === 'rope';
  }
  // 1 for each layer that is rotated; without it every fourth is not, or as the interval says.
  const isSwitch = (x: unknown): x is number => x === 0 || x === 1;
  const wanted = `a list of ${layers} zeros and ones, one for each layer`;
  const given = config.list(rotated, wanted, isSwitch);
  if (given && given.length !== layers) throw config.bad(rotated, wanted, given);
  const interval = config.integer('no_rope_layer_interval', 4);
  return layer => (given ? given[layer] === 1 : (layer + 1) % interval !== 0);
}
