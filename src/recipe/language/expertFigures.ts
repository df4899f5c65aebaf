import { setAside } from '../../data/setAside.ts';
import { rankOf, scalingOf } from '../../nn/lora/adapterConfig.ts';
import { isTargeted } from '../../nn/lora/modulePattern.ts';
import { factorParameters, targetLayers } from '../../nn/lora/targetLayers.ts';
import type { BaseConfig } from '../../nn/model/config.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import { epochCount, stepCount } from '../../nn/train/schedule.ts';
import { biasLayers } from '../../nn/train/trainGraph.ts';
import { bytes, count, plural, significant } from '../../text/numbers.ts';
import type { Recipe } from '../schema.ts';
import { loraSettingsOf, readingOf, trainingSettingsOf, trainingSettingsOn } from '../settings.ts';
import { known, type RecipeWorld } from './recipeWorld.ts';

/** Sizes and times computed for an expert on its base; undefined where they are not known. */
export interface ExpertFigures {
  rank: number;
  alpha: number;
  rslora: boolean;
  /** On B·A: alpha / r, or alpha / √r. */
  scaling: number;
  /** Adapted layers. */
  layers?: number;
  /** Trainable parameters. */
  parameters?: number;
  /** Of the factors in F32, as training holds and writes them. */
  bytes?: number;
  /** At its peak, where the recipe leaves it to the base. */
  autoRate?: number;
  training?: TrainingFigures;
}

export interface TrainingFigures {
  examples: number;
  steps: number;
  /** Passes over the examples that the steps come to. */
  epochs: number;
  /** Without padding; from a sample where the dataset is large. */
  tokensPerEpoch?: number;
  /** At the speed of the last training, else at what such a processor does. */
  seconds?: number;
  /** The time is estimated from the processor, because nothing was trained yet. */
  isGuess?: boolean;
}

/** Undefined for an expert with neither data nor adapter, and for an adapter that has not been read. */
export function expertFigures(recipe: Recipe, name: string, world: RecipeWorld): ExpertFigures | undefined {
  const expert = recipe.experts[name];
  if (!expert) return undefined;
  const { data, adapter } = expert;
  if (data) {
    const own = ownFigures(recipe, name, world);
    return {
      ...own,
      ...autoRate(recipe, name, world),
      training: trainingFigures(recipe, name, data, own.parameters ?? 0, world),
    };
  }
  return adapter === undefined ? undefined : adapterFigures(adapter, world);
}

/** As expertFigures, computed once for each expert however often it is asked for. */
export function figuresOfExperts(recipe: Recipe, world: RecipeWorld): (name: string) => ExpertFigures | undefined {
  const found = new Map<string, ExpertFigures | undefined>();
  return name => {
    if (!found.has(name)) found.set(name, expertFigures(recipe, name, world));
    return found.get(name);
  };
}

function ownFigures(recipe: Recipe, name: string, world: RecipeWorld): ExpertFigures {
  const lora = loraSettingsOf(recipe, name);
  const { rank, alpha, rslora, dora } = lora;
  const base = known(world.base);
  const settings = { rank, alpha, rslora, scaling: scalingOf({ rank, alpha, rslora }, '') };
  if (!base) return settings;
  const { layers } = targetLayers(base.config, lora);
  const magnitudes = dora ? layers.reduce((sum, l) => sum + l.out, 0) : 0;
  const trained = { bias: lora.bias === 'none' ? undefined : lora.bias, targets: layers.map(l => l.path) };
  const biased = biasLayers(base.config, trained).reduce((sum, l) => sum + l.out, 0);
  return {
    ...settings,
    ...sizeOf(layers.length, magnitudes + biased + factorParameters(layers, path => rankOf(lora, path))),
  };
}

function autoRate(recipe: Recipe, name: string, world: RecipeWorld): Pick<ExpertFigures, 'autoRate'> {
  const base = known(world.base);
  if (!base || trainingSettingsOf(recipe, name).learningRate !== 'auto') return {};
  return { autoRate: trainingSettingsOn(base.config, recipe, name).learningRate };
}

function adapterFigures(adapter: string, world: RecipeWorld): ExpertFigures | undefined {
  const config = known(world.adapter(adapter))?.config;
  if (!config) return undefined;
  const { rank, alpha, rslora, targetModules } = config;
  const base = known(world.base);
  const settings = { rank, alpha, rslora, scaling: scalingOf({ rank, alpha, rslora }, '') };
  if (!base || !Array.isArray(targetModules)) return settings;
  const layers = linearLayers(base.config).filter(l => isTargeted(targetModules, l.path));
  const parameters = factorParameters(layers, path => rankOf(config, path));
  return { ...settings, ...sizeOf(layers.length, parameters) };
}

function sizeOf(layers: number, parameters: number): Pick<ExpertFigures, 'layers' | 'parameters' | 'bytes'> {
  return { layers, parameters, bytes: 4 * parameters };
}

function trainingFigures(
  recipe: Recipe,
  name: string,
  data: NonNullable<Recipe['experts'][string]['data']>,
  parameters: number,
  world: RecipeWorld,
): TrainingFigures | undefined {
  const reading = readingOf(data);
  const all = known(world.data(data.train, reading))?.examples;
  if (!all) return undefined;
  const examples = typeof data.validation === 'number' ? all - setAside(all, data.validation) : all;
  const settings = trainingSettingsOf(recipe, name);
  const steps = stepCount(settings, examples);
  const epochs = epochCount(settings, examples);
  const lengths = world.learned(data.train, reading)?.lengths;
  const base = known(world.base);
  if (!lengths || lengths.length === 0 || !base) return { examples, steps, epochs };
  const longest = Math.min(settings.maxLength, base.config.maxLength);
  const mean = lengths.reduce((sum, length) => sum + Math.min(length, longest), 0) / lengths.length;
  const tokensPerEpoch = Math.round(mean * examples);
  const { tokensPerSecond: measured, operationsPerSecond: rate } = world;
  const speed = measured ?? (rate && rate / operationsPerToken(base.config, parameters));
  const seconds = speed && (tokensPerEpoch * epochs) / speed;
  return { examples, steps, epochs, tokensPerEpoch, seconds, isGuess: seconds ? measured === undefined : undefined };
}

/**
 * Floating-point operations of the matrix products for one token of training, attention apart: for each weight two in the
 * forward pass and two for the gradient of the layer's input; for each parameter of the factors two more, for its gradient.
 */
export function operationsPerToken(config: BaseConfig, parameters: number): number {
  const layers = linearLayers(config).reduce((sum, l) => sum + l.in * l.out, 0);
  return 4 * (layers + config.dim * config.vocab) + 6 * parameters;
}

/** `81,920 parameters, 327.7 kB`. */
export function sizeText({ parameters, bytes: size }: ExpertFigures): string | undefined {
  return parameters === undefined || size === undefined ? undefined : `${count(parameters)} parameters, ${bytes(size)}`;
}

/** `scaling 32 / 16 = 2`. */
export function scalingText({ alpha, rank, rslora, scaling }: ExpertFigures): string {
  return `scaling ${significant(alpha)} / ${rslora ? '√' : ''}${rank} = ${significant(scaling)}`;
}

/** `3,000 examples, 5,600 steps, 15 epochs`. */
export function stepsText({ examples, steps, epochs }: TrainingFigures): string {
  return `${plural(examples, 'example')}, ${plural(steps, 'step')}, ${significant(epochs)} epochs`;
}
