import type { DataReading } from '../../data/parseDataset.ts';
import type { AdapterConfig } from '../../nn/lora/adapterConfig.ts';
import type { AdapterOrigin } from '../../nn/lora/adapterOrigin.ts';
import type { BaseConfig } from '../../nn/model/config.ts';
import type { LearnedExample } from '../../nn/tokenizer/learningProblems.ts';
import type { Problem } from '../../protocol/errors.ts';
import type { RecipeReading } from '../parse.ts';
import type { Recipe } from '../schema.ts';

/**
 * What a recipe refers to outside its own text, as far as it has been read. Paths and names are as the recipe writes them.
 * Undefined stands for what is not known (yet); no problem is reported of it.
 */
export interface RecipeWorld {
  base?: Fact<BaseFacts>;
  /** A dataset, read as the recipe says. */
  data(path: string, reading?: DataReading): Fact<DataFacts> | undefined;
  /** A PEFT folder that an expert names. */
  adapter(path: string): Fact<AdapterFacts> | undefined;
  /** What an expert was last trained on here; undefined where it was not. */
  trainedOn(expert: string): AdapterOrigin | undefined;
  /** Examples of a dataset as training reads them. */
  learned(path: string, reading?: DataReading): LearnedFacts | undefined;
  /** Tokens that the last training run processed in a second, of all its experts together. */
  tokensPerSecond?: number;
  /** An estimate of the floating-point operations that training does in a second here, where no speed was measured. */
  operationsPerSecond?: number;
}

/** What a check of a recipe looks at. */
export interface Checked {
  recipe: Recipe;
  reading: RecipeReading;
  world: RecipeWorld;
}

/** What was read, or why it could not be. */
export type Fact<T extends object> = T | Unreadable;

export interface Unreadable {
  /** `missing` where a file can be created, `broken` for all else. */
  unreadable: 'missing' | 'broken';
  reason: string;
}

export interface BaseFacts {
  config: BaseConfig;
  /** SHA-256 of its weights. */
  hash?: string;
  /** Its chat template's text. */
  chatTemplate?: string;
}

export interface DataFacts {
  examples: number;
  problems: Problem[];
  /** Names of the fields of its first row. */
  fields: string[];
  /** Every example has `tests`, which the scorer `code` runs. */
  hasTests: boolean;
  /** A hash of each example's prompt. */
  prompts: Float64Array;
  /** The line of each example, from 1. */
  lines: Uint32Array;
}

export interface LearnedFacts {
  /** Of each example, in tokens. */
  lengths: Float64Array;
  /** Those that the base's chat template can write, where the answers alone are learned. */
  examples: LearnedExample[];
  /** Those that it cannot. */
  refused: Problem[];
  /** Not all of a large dataset were looked at. */
  isSample: boolean;
}

export interface AdapterFacts extends AdapterOrigin {
  config: AdapterConfig;
}

/** Nothing beyond the text. */
export const emptyWorld: RecipeWorld = {
  data: () => undefined,
  adapter: () => undefined,
  trainedOn: () => undefined,
  learned: () => undefined,
};

/** A fact that was read. */
export function known<T extends object>(fact: Fact<T> | undefined): T | undefined {
  return fact && !('unreadable' in fact) ? (fact as T) : undefined;
}

export function unreadable<T extends object>(fact: Fact<T> | undefined): Unreadable | undefined {
  return fact && 'unreadable' in fact ? fact : undefined;
}
