import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import { isMlxConfig, mlxToPeftConfig } from './mlxAdapter.ts';
import { checkPatterns, patternValue } from './modulePattern.ts';
import { peftTypeText, useMerged } from './otherAdapters.ts';

/** How an adapter's factors are scaled and where they belong, in PEFT's terms but this project's spelling. */
export interface AdapterConfig {
  rank: number;
  alpha: number;
  /** Scaling is alpha/√rank instead of alpha/rank (Kalajdzievski 2023, arXiv:2312.03732). */
  rslora: boolean;
  /** The rows of W + ΔW have trained magnitudes (Liu et al. 2024, arXiv:2402.09353). */
  dora?: boolean;
  /** Ranks that differ from `rank`, by a module's name or path, or a regular expression for its path. */
  rankPattern?: Record<string, number>;
  /** Alphas that differ from `alpha`, likewise. */
  alphaPattern?: Record<string, number>;
  /** Names or paths of the adapted modules, or one regular expression, or `all-linear`. */
  targetModules?: string[] | string;
  /** Of these, modules that are left out all the same. */
  excludeModules?: string[] | string;
  /** Of these, the blocks that are adapted; all without it. */
  layersToTransform?: number | number[];
  /** Biases that are trained: none without it. */
  bias?: 'none' | 'all' | 'lora_only';
  /** Modules that are trained whole, by name or path. */
  modulesToSave?: string[];
  /** Tokens whose rows are trained, by the module that has the rows. */
  tokenIndices?: Record<string, number[]>;
  dropout?: number;
  baseModel?: string;
  taskType?: string;
}

/** PEFT's defaults for keys that are left out. */
const peftDefaults = { rank: 8, alpha: 8 };

/** Far above any layer's width; keeps products of sizes exact. */
const maxRank = 65_536;

/** With any rank the scaling is then a single float that is neither 0 nor infinite. */
const alphaRange = [1e-30, 1e30] as const;

/**
 * Reads adapter_config.json, PEFT's or MLX's. Settings that change what the adapter computes in a way this project does not
 * implement are refused; keys it does not know are reported as warnings.
 *
 * @throws WorkbenchError `badFile` for wrong types, `unsupported` naming the setting that cannot be applied exactly
 */
export function parseAdapterConfig(text: string, fileName: string): { config: AdapterConfig; problems: Problem[] } {
  const bad = (key: string, expected: string, got: unknown) =>
    new WorkbenchError('badFile', `${fileName}: ${key} must be ${expected}, got ${shown(got)}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const what = (error as Error).message.slice(0, 200);
    throw new WorkbenchError(
      'badFile',
      `${fileName}: not JSON: ${what}`,
      'Save the adapter again, or correct the file.',
    );
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw bad('the file', 'a JSON object', json);
  const written = json as Record<string, unknown>;
  const raw = isMlxConfig(written) ? mlxToPeftConfig(written, fileName) : written;
  if (typeof (raw.peft_type ?? '') !== 'string') throw bad('peft_type', 'a string', raw.peft_type);
  const problems = refuseInexact(raw, fileName);

  const isRank = (v: unknown): v is number => Number.isInteger(v) && (v as number) >= 1 && (v as number) <= maxRank;
  const isAlpha = (v: unknown): v is number =>
    typeof v === 'number' && Math.abs(v) >= alphaRange[0] && Math.abs(v) <= alphaRange[1];
  const read = <T>(key: string, expected: string, ok: (v: unknown) => v is T): T | undefined => {
    const value = raw[key];
    if (value === undefined || value === null) return undefined;
    if (!ok(value)) throw bad(key, expected, value);
    return value;
  };
  const patterns =
    (ok: (v: unknown) => boolean) =>
    (v: unknown): v is Record<string, number> =>
      typeof v === 'object' && v !== null && !Array.isArray(v) && Object.values(v).every(ok);
  const isString = (v: unknown): v is string => typeof v === 'string';
  const areModules = (v: unknown): v is string | string[] => isString(v) || (Array.isArray(v) && v.every(isString));
  const isBoolean = (v: unknown): v is boolean => typeof v === 'boolean';
  const rankText = `a whole number from 1 to ${maxRank}`;
  // An alpha of 0 would load an adapter that does nothing.
  const alphaText = `a finite number of a size from ${alphaRange[0]} to ${alphaRange[1]}`;
  const config: AdapterConfig = {
    rank: read('r', rankText, isRank) ?? peftDefaults.rank,
    alpha: read('lora_alpha', alphaText, isAlpha) ?? peftDefaults.alpha,
    rslora: read('use_rslora', 'true or false', isBoolean) ?? false,
    dora: read('use_dora', 'true or false', isBoolean) ?? false,
    rankPattern: read('rank_pattern', `an object whose values are ${rankText}`, patterns(isRank)) ?? {},
    alphaPattern: read('alpha_pattern', `an object whose values are ${alphaText}`, patterns(isAlpha)) ?? {},
    targetModules: read('target_modules', 'a list of strings, or a string', areModules),
    excludeModules: read('exclude_modules', 'a list of strings, or a string', areModules),
    layersToTransform: read(
      'layers_to_transform',
      'a number, or a list of numbers',
      (v): v is number | number[] => Number.isInteger(v) || (Array.isArray(v) && v.every(Number.isInteger)),
    ),
    bias: read(
      'bias',
      "'none', 'all' or 'lora_only'",
      (v): v is 'none' | 'all' | 'lora_only' => v === 'none' || v === 'all' || v === 'lora_only',
    ),
    modulesToSave: read(
      'modules_to_save',
      'a list of strings',
      (v): v is string[] => Array.isArray(v) && v.every(isString),
    ),
    tokenIndices: readTokens(raw.trainable_token_indices, tokens => bad('trainable_token_indices', tokensText, tokens)),
    dropout: read(
      'lora_dropout',
      'a number from 0 to 1',
      (v): v is number => typeof v === 'number' && v >= 0 && v <= 1,
    ),
    baseModel: read('base_model_name_or_path', 'a string', isString),
    taskType: read('task_type', 'a string', isString),
  };
  checkPatterns(Object.keys(config.rankPattern ?? {}), `${fileName}: rank_pattern`);
  checkPatterns(Object.keys(config.alphaPattern ?? {}), `${fileName}: alpha_pattern`);
  return { config, problems };
}

const tokensText = 'a list of token ids, or one for each module';

/** Tokens by module; a list alone is meant for the embedding. */
function readTokens(value: unknown, bad: (value: unknown) => WorkbenchError): Record<string, number[]> | undefined {
  if (value === undefined || value === null) return undefined;
  const byModule = Array.isArray(value) ? { embed_tokens: value } : value;
  if (typeof byModule !== 'object') throw bad(value);
  const isIds = (ids: unknown) => Array.isArray(ids) && ids.every(id => Number.isSafeInteger(id) && id >= 0);
  if (!Object.values(byModule).every(isIds)) throw bad(value);
  return byModule as Record<string, number[]>;
}

/** adapter_config.json as PEFT reads it, with no key that a PEFT as old as rsLoRA (0.7) would refuse but those it has to have. */
export function formatAdapterConfig(config: AdapterConfig): string {
  const json = {
    alpha_pattern: config.alphaPattern ?? {},
    auto_mapping: null,
    base_model_name_or_path: config.baseModel ?? null,
    bias: config.bias ?? 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout ?? 0,
    modules_to_save: config.modulesToSave ?? null,
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: config.rankPattern ?? {},
    revision: null,
    target_modules: config.targetModules ?? null,
    task_type: config.taskType ?? 'CAUSAL_LM',
    ...(config.dora && { use_dora: true }),
    ...(config.tokenIndices && { trainable_token_indices: config.tokenIndices }),
    use_rslora: config.rslora,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** What ranks and scalings follow from. */
export type FactorSettings = Pick<AdapterConfig, 'rank' | 'alpha' | 'rslora' | 'rankPattern' | 'alphaPattern'>;

/** The rank a config gives a module. */
export function rankOf(config: Pick<FactorSettings, 'rank' | 'rankPattern'>, module: string): number {
  return patternValue(config.rankPattern, module) ?? config.rank;
}

/** The factor on B·A: alpha/rank, or alpha/√rank with rsLoRA. */
export function scalingOf(config: FactorSettings, module: string): number {
  const alpha = patternValue(config.alphaPattern, module) ?? config.alpha;
  return alpha / scalingDivisor(config, rankOf(config, module));
}

/** What alpha is divided by. */
export function scalingDivisor(config: Pick<AdapterConfig, 'rslora'>, rank: number): number {
  return config.rslora ? Math.sqrt(rank) : rank;
}

/** Settings with which ΔW is not scaling · B · A, or with which more than the linear layers changes. */
const mustBeOff: Record<string, string> = {
  use_qalora: 'QA-LoRA',
  use_bdlora: 'block-diagonal LoRA',
  lora_bias: 'a bias on B',
  fan_in_fan_out: 'transposed weights',
  target_parameters: 'factors on single parameters',
  layer_replication: 'replicated layers',
  alora_invocation_tokens: 'activated LoRA',
  arrow_config: 'Arrow routing',
  kasa_config: 'KaSA',
  monteclora_config: 'Monte Carlo LoRA',
  megatron_config: 'Megatron layers',
};

/**
 * Initialisations that leave the base as it is. The others (pissa, olora, corda, loftq, lora_ga) take the first factors
 * out of the base's weights, so that the saved factors fit only that altered base.
 */
const harmlessInits: unknown[] = [undefined, null, true, false, 'gaussian', 'eva', 'orthogonal'];

/** Keys that are read elsewhere, or that do not change what a finished adapter computes. */
const known = new Set([
  ...['r', 'lora_alpha', 'use_rslora', 'use_dora', 'rank_pattern', 'alpha_pattern', 'target_modules', 'lora_dropout'],
  ...['base_model_name_or_path', 'task_type', 'peft_type', 'bias', 'init_lora_weights', 'auto_mapping', 'revision'],
  ...['inference_mode', 'peft_version', 'exclude_modules', 'layers_to_transform', 'layers_pattern', 'megatron_core'],
  ...['qalora_group_size', 'loftq_config', 'eva_config', 'corda_config', 'lora_ga_config', 'velora_config'],
  ...['runtime_config', 'ensure_weight_tying', 'modules_to_save', 'trainable_token_indices'],
]);

/**
 * Refuses what cannot be applied exactly.
 *
 * @returns a warning for each key that is set and not known
 * @throws WorkbenchError `unsupported`
 */
function refuseInexact(raw: Record<string, unknown>, fileName: string): Problem[] {
  const refuse = (key: string, why: string) =>
    new WorkbenchError(
      'unsupported',
      `${fileName}: ${key} = ${shown(raw[key])} (${why}) cannot be applied exactly`,
      useMerged,
    );
  const type = String(raw.peft_type ?? 'LORA').toUpperCase();
  if (type !== 'LORA') throw refuse('peft_type', peftTypeText(type));
  for (const [key, why] of Object.entries(mustBeOff)) if (!isOff(raw[key])) throw refuse(key, why);
  if (!harmlessInits.includes(raw.init_lora_weights))
    throw new WorkbenchError(
      'unsupported',
      `${fileName}: init_lora_weights = ${shown(raw.init_lora_weights)}: its factors fit a base that this initialisation has altered, not the base itself`,
      'Save it as a plain adapter of the unaltered base, with PEFT: model.save_pretrained(FOLDER, path_initial_model_for_weight_conversion=INITIAL), where INITIAL is the adapter as it was saved before the training.',
    );
  return Object.keys(raw)
    .filter(key => !known.has(key) && !Object.hasOwn(mustBeOff, key) && !isOff(raw[key]))
    .map(key => ({
      code: 'unknownKey',
      severity: 'warning',
      where: key,
      message: `${fileName}: the setting ${key} is not known and has no effect`,
    }));
}

/** A value as a message shows it; one that nests without end has no text. */
function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 100);
  } catch {
    return Array.isArray(value) ? 'a list' : 'an object';
  }
}

function isOff(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
