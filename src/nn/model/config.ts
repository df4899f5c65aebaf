import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { type Architecture, type ArchitectureTraits, architectures } from './architectures.ts';

/** How rotary frequencies are stretched beyond the trained length. */
type RopeScaling =
  | { type: 'none' }
  | { type: 'linear'; factor: number }
  | { type: 'llama3'; factor: number; lowFactor: number; highFactor: number; originalLength: number };

/** A decoder of the Llama family: everything a graph needs to know besides the weights. */
export interface BaseConfig {
  architecture: Architecture;
  vocab: number;
  /** Width of the residual stream. */
  dim: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Width of the MLP's hidden layer. */
  mlpDim: number;
  /** Longest sequence, prompt and answer together, in tokens. */
  maxLength: number;
  epsilon: number;
  ropeTheta: number;
  ropeScaling: RopeScaling;
  /** Biases on q, k, v. */
  qkvBias: boolean;
  /** Bias on the attention's output projection. */
  outputBias: boolean;
  mlpBias: boolean;
  /** RMS norms on each head's query and key (Qwen3). */
  qkNorm: boolean;
  /** The output projection is the embedding matrix. */
  tied: boolean;
}

type Json = Record<string, unknown>;

/** What no model has more of: a size is believed up to here. */
const largest: Record<string, number> = {
  vocab_size: 2e6,
  hidden_size: 65_536,
  intermediate_size: 524_288,
  num_hidden_layers: 1_000,
  num_attention_heads: 1_024,
  num_key_value_heads: 1_024,
  head_dim: 1_024,
  max_position_embeddings: 2 ** 24,
  rms_norm_eps: 1,
};
/** Rotary angles are held for every position, in 512 MB at most: about a million of positions for heads of 128. */
const mostAngles = 2 ** 27;

/**
 * Reads a Hugging Face `config.json`, in both spellings (`rope_theta`/`torch_dtype` and the newer
 * `rope_parameters`/`dtype`). Throws `unsupported` with the name of what this version does not
 * implement, `badFile` with the key that is missing or of the wrong type.
 */
export function parseBaseConfig(json: unknown, file = 'config.json'): BaseConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new WorkbenchError('badFile', `${file}: expected a JSON object`);
  const config = json as Json;
  const architecture = architectureOf(config, file);
  const traits: ArchitectureTraits = architectures[architecture];
  const holds = (trait: boolean | string) => (typeof trait === 'string' ? config[trait] === true : trait);
  const int = (key: string, fallback?: number) => positive(config, key, file, fallback, true);
  const dim = int('hidden_size');
  const heads = int('num_attention_heads');
  const kvHeads = int('num_key_value_heads', heads);
  if (heads % kvHeads !== 0)
    throw new WorkbenchError('badFile', `${file}: ${heads} attention heads cannot share ${kvHeads} key/value heads`);
  const activation = text(config, 'hidden_act', file) ?? 'silu';
  if (activation !== 'silu') throw unsupported(file, `hidden_act '${activation}'`, "only 'silu' is implemented");
  for (const key of ['tie_word_embeddings', 'attention_bias', 'mlp_bias', 'use_sliding_window'])
    if (![undefined, null, true, false].includes(config[key] as boolean | null | undefined))
      throw bad(file, key, 'true or false', config[key]);
  const headDim = int('head_dim', traits.headDim ?? dim / heads);
  if (headDim % 2 !== 0) throw unsupported(file, `head_dim ${headDim}`, 'rotary embedding needs an even head size');
  return {
    architecture,
    vocab: int('vocab_size'),
    dim,
    layers: int('num_hidden_layers'),
    heads,
    kvHeads,
    headDim,
    mlpDim: int('intermediate_size'),
    maxLength: Math.min(maxLengthOf(config, file), Math.floor(mostAngles / headDim)),
    epsilon: positive(config, 'rms_norm_eps', file, 1e-6),
    ...ropeOf(config, file),
    qkvBias: holds(traits.qkvBias),
    outputBias: holds(traits.outputBias),
    mlpBias: holds(traits.mlpBias),
    qkNorm: traits.qkNorm,
    tied: config.tie_word_embeddings === true,
  };
}

function architectureOf(config: Json, file: string): Architecture {
  const classes = config.architectures ?? [];
  if (!Array.isArray(classes)) throw bad(file, 'architectures', 'a list of names', classes);
  for (const name of classes) if (typeof name !== 'string') throw bad(file, 'architectures', 'a list of names', name);
  const names = classes as string[];
  const modelType = text(config, 'model_type', file);
  const known = Object.keys(architectures) as Architecture[];
  const classOf = (name: string) => known.find(a => architectures[a].className === name);
  const named = names.map(classOf).find(a => a !== undefined);
  // A config that names no class names the family all the same.
  const family = names.length === 0 ? known.find(a => a === modelType) : undefined;
  const found = named ?? family;
  if (found) return found;
  const name = names[0] ?? modelType ?? '(none)';
  throw unsupported(
    file,
    `architecture '${visibleName(name)}'`,
    `supported: ${known.map(a => architectures[a].className).join(', ')}`,
  );
}

/** A sliding window makes attention exact up to the window; longer contexts are not offered. */
function maxLengthOf(config: Json, file: string): number {
  const length = positive(config, 'max_position_embeddings', file, 2048, true);
  if (config.use_sliding_window === false || (config.sliding_window ?? null) === null) return length;
  const window = config.sliding_window;
  if (!Number.isInteger(window) || (window as number) < 0) throw bad(file, 'sliding_window', 'an integer', window);
  return (window as number) > 0 ? Math.min(length, window as number) : length;
}

/** As transformers' `convert_rope_params_to_dict`: what people add by hand, `rope_scaling`, stands for all of it. */
function ropeOf(config: Json, file: string): Pick<BaseConfig, 'ropeTheta' | 'ropeScaling'> {
  const older = objectOf(config, 'rope_scaling', file) ?? {};
  const rope = Object.keys(older).length > 0 ? older : (objectOf(config, 'rope_parameters', file) ?? {});
  const inner = Object.keys(rope).find(
    key => typeof rope[key] === 'object' && rope[key] !== null && key.includes('attention'),
  );
  if (inner !== undefined)
    throw unsupported(
      file,
      `rope scaling for '${visibleName(inner)}' alone`,
      'Use a model with one for all its layers.',
    );
  const ropeTheta = positive({ rope_theta: rope.rope_theta ?? config.rope_theta }, 'rope_theta', file, 10000);
  if (ropeTheta < 1) throw bad(file, 'rope_theta', 'at least 1', ropeTheta);
  if ((rope.partial_rotary_factor ?? config.partial_rotary_factor ?? 1) !== 1)
    throw unsupported(file, 'partial_rotary_factor', 'only full rotary embedding is implemented');
  const scaling = `${file}: rope scaling`;
  const type = text(rope, 'rope_type', scaling) ?? text(rope, 'type', scaling) ?? 'default';
  const number = (key: string) => positive(rope, key, scaling);
  const factor = () => {
    const x = number('factor');
    if (x < 1 || x > mostStretch) throw bad(scaling, 'factor', `a number from 1 to ${mostStretch}`, x);
    return x;
  };
  if (type === 'default') return { ropeTheta, ropeScaling: { type: 'none' } };
  if (type === 'linear') return { ropeTheta, ropeScaling: { type, factor: factor() } };
  if (type === 'llama3')
    return {
      ropeTheta,
      ropeScaling: {
        type,
        factor: factor(),
        lowFactor: number('low_freq_factor'),
        highFactor: number('high_freq_factor'),
        originalLength: number('original_max_position_embeddings'),
      },
    };
  throw unsupported(file, `rope scaling '${visibleName(type)}'`, "supported: 'default', 'linear', 'llama3'");
}

/** Far above what any model is stretched by. */
const mostStretch = 10_000;

function objectOf(config: Json, key: string, file: string): Json | undefined {
  const x = config[key] ?? undefined;
  if (x === undefined) return undefined;
  if (typeof x === 'object' && !Array.isArray(x)) return x as Json;
  throw bad(file, key, 'an object', x);
}

function text(config: Json, key: string, file: string): string | undefined {
  const x = config[key] ?? undefined;
  if (x === undefined || typeof x === 'string') return x;
  throw bad(file, key, 'a text', x);
}

function positive(config: Json, key: string, file: string, fallback?: number, integer = false): number {
  const x = config[key] ?? fallback;
  if (typeof x !== 'number' || !(x > 0) || !Number.isFinite(x) || (integer && !Number.isInteger(x)))
    throw bad(file, key, `a positive ${integer ? 'integer' : 'number'}`, x);
  const most = largest[key];
  if (most !== undefined && x > most) throw bad(file, key, `at most ${most}`, x);
  return x;
}

function bad(file: string, key: string, wanted: string, got: unknown): WorkbenchError {
  // A list may be nested deeper than it can be written.
  const shown = typeof got === 'object' && got !== null ? (Array.isArray(got) ? 'a list' : 'an object') : quoted(got);
  return new WorkbenchError(
    'badFile',
    `${file}: '${key}' should be ${wanted}, got ${shown}`,
    'Copy the file again from the model’s page.',
  );
}

function quoted(x: unknown): string {
  return typeof x === 'string' ? visibleName(JSON.stringify(x)) : String(x);
}

function unsupported(file: string, what: string, hint: string): WorkbenchError {
  return new WorkbenchError('unsupported', `${file}: ${what} is not supported`, hint);
}
