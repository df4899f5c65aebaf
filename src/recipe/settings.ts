import type { DataReading } from '../data/parseDataset.ts';
import type { BaseConfig } from '../nn/model/config.ts';
import { defaultLearningRate } from '../nn/train/defaultRate.ts';
import { isFitted } from '../protocol/mergeMethod.ts';
import {
  type BaseTrainingSettings,
  type GenerationSettings,
  generationSettings,
  type LoraSettings,
  loraSettings,
  type MergeSettings,
  mergeSettings,
  type Recipe,
  type TrainingSettings,
  trainingSettings,
} from './schema.ts';

/** An expert's factors: its own settings over the recipe's over the defaults. */
export function loraSettingsOf(recipe: Recipe, expert: string): LoraSettings {
  return loraSettings.parse({ ...recipe.lora, ...recipe.experts[expert]?.lora });
}

/** An expert's training: its own settings over the recipe's over the defaults. */
export function trainingSettingsOf(recipe: Recipe, expert: string): TrainingSettings {
  return trainingSettings.parse({ ...recipe.training, ...recipe.experts[expert]?.training });
}

/** An expert's training on a base, whose width and family decide what the recipe leaves to them. */
export function trainingSettingsOn(
  base: Pick<BaseConfig, 'architecture' | 'dim'>,
  recipe: Recipe,
  expert: string,
): BaseTrainingSettings {
  const settings = trainingSettingsOf(recipe, expert);
  const { learningRate } = settings;
  return { ...settings, learningRate: learningRate === 'auto' ? defaultLearningRate(base) : learningRate };
}

/** Decoding: the recipe's settings over the defaults. */
export function generationSettingsOf(recipe: Recipe): GenerationSettings {
  return generationSettings.parse(recipe.generation);
}

/** The longest answer in a conversation where nothing is said of it: half of the window, but not for ever. */
const longestAnswer = 1024;

/**
 * Decoding in a conversation: a request's settings over the recipe's over the defaults. An answer may be longer than in an
 * evaluation, where one that does not end would cost the time of all others.
 *
 * @param window tokens of the base's context
 * @throws ZodError for settings that are none
 */
export function conversationSettings(
  recipe: Recipe | undefined,
  window: number,
  own: Record<string, unknown> = {},
): GenerationSettings {
  const maxTokens = Math.max(1, Math.min(longestAnswer, Math.floor(window / 2)));
  return generationSettings.parse({ maxTokens, ...recipe?.generation, ...own });
}

/** How the data of an expert or a set is read: what a recipe says of it beside its file. */
export function readingOf({ columns, system }: Pick<DataReading, 'columns' | 'system'>): DataReading {
  return { ...(columns && { columns }), ...(system !== undefined && { system }) };
}

/** The weights of a merge; one that is fitted to data and names no expert is of all that are trained here, alike. */
export function mergeWeightsOf(recipe: Recipe, merge: string): Record<string, number> {
  const { method, weights } = recipe.merges[merge]!;
  if (!isFitted(method) || Object.keys(weights).length > 0) return weights;
  const trained = Object.keys(recipe.experts).filter(name => recipe.experts[name]!.data);
  return Object.fromEntries(trained.map(name => [name, 1]));
}

/** How experts are combined where nothing is said of it. */
export const mergeDefaults: MergeSettings = mergeSettings.parse({});

/** A router that chooses experts for each token. */
export type TokenRouter = Extract<Recipe['router'], { kind: 'tokens' | 'arrow' }>;

/** The recipe's router, where it chooses for each token and not for each prompt. */
export function tokenRouterOf({ router }: Recipe): TokenRouter | undefined {
  return router.kind === 'tokens' || router.kind === 'arrow' ? router : undefined;
}
