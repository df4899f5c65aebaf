import { WorkbenchError } from '../../protocol/errors.ts';
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
  const activation = config.hidden_act ?? 'silu';
  if (activation !== 'silu') throw unsupported(file, `hidden_act '${activation}'`, "only 'silu' is implemented");
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
    maxLength: maxLengthOf(config, file),
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
  const names = Array.isArray(config.architectures) ? (config.architectures as unknown[]).map(String) : [];
  const known = Object.keys(architectures) as Architecture[];
  const classOf = (name: string) => known.find(a => architectures[a].className === name);
  const named = names.map(classOf).find(a => a !== undefined);
  // A config that names no class names the family all the same.
  const family = names.length === 0 ? known.find(a => a === config.model_type) : undefined;
  const found = named ?? family;
  if (found) return found;
  const name = names[0] ?? config.model_type ?? '(none)';
  throw unsupported(
    file,
    `architecture '${name}'`,
    `supported: ${known.map(a => architectures[a].className).join(', ')}`,
  );
}

/** A sliding window makes attention exact up to the window; longer contexts are not offered. */
function maxLengthOf(config: Json, file: string): number {
  const length = positive(config, 'max_position_embeddings', file, 2048, true);
  const window = config.use_sliding_window === false ? undefined : config.sliding_window;
  return typeof window === 'number' && window > 0 ? Math.min(length, window) : length;
}

function ropeOf(config: Json, file: string): Pick<BaseConfig, 'ropeTheta' | 'ropeScaling'> {
  const newer = objectOf(config, 'rope_parameters', file);
  const rope = newer ?? objectOf(config, 'rope_scaling', file) ?? {};
  const ropeTheta = positive({ rope_theta: newer?.rope_theta ?? config.rope_theta }, 'rope_theta', file, 10000);
  if ((rope.partial_rotary_factor ?? config.partial_rotary_factor ?? 1) !== 1)
    throw unsupported(file, 'partial_rotary_factor', 'only full rotary embedding is implemented');
  const type = String(rope.rope_type ?? rope.type ?? 'default');
  const number = (key: string) => positive(rope, key, `${file}: rope scaling`);
  if (type === 'default') return { ropeTheta, ropeScaling: { type: 'none' } };
  if (type === 'linear') return { ropeTheta, ropeScaling: { type, factor: number('factor') } };
  if (type === 'llama3')
    return {
      ropeTheta,
      ropeScaling: {
        type,
        factor: number('factor'),
        lowFactor: number('low_freq_factor'),
        highFactor: number('high_freq_factor'),
        originalLength: number('original_max_position_embeddings'),
      },
    };
  throw unsupported(file, `rope scaling '${type}'`, "supported: 'default', 'linear', 'llama3'");
}

function objectOf(config: Json, key: string, file: string): Json | undefined {
  const x = config[key] ?? undefined;
  if (x === undefined) return undefined;
  if (typeof x === 'object' && !Array.isArray(x)) return x as Json;
  throw new WorkbenchError('badFile', `${file}: '${key}' should be an object, got ${JSON.stringify(x)}`);
}

function positive(config: Json, key: string, file: string, fallback?: number, integer = false): number {
  const x = config[key] ?? fallback;
  if (typeof x !== 'number' || !(x > 0) || !Number.isFinite(x) || (integer && !Number.isInteger(x)))
    throw new WorkbenchError(
      'badFile',
      `${file}: '${key}' should be a positive ${integer ? 'integer' : 'number'}, got ${JSON.stringify(x)}`,
    );
  return x;
}

function unsupported(file: string, what: string, hint: string): WorkbenchError {
  return new WorkbenchError('unsupported', `${file}: ${what} is not supported`, hint);
}
