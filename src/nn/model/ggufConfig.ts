import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { type Architecture, architectures } from './architectures.ts';
import type { ArchitectureTraits } from './architectureTraits.ts';

type Json = Record<string, unknown>;

/** What a GGUF file's head says of a model. */
export interface GgufModel {
  /** By key; numbers of 64 bits as bigint. */
  metadata: Readonly<Record<string, unknown>>;
  /** Shapes by tensor, rows first. */
  shapes: ReadonlyMap<string, readonly number[]>;
  /** The values of the tensors that say how positions rotate, `rope_…`. */
  ropeFactors: ReadonlyMap<string, Float32Array>;
}

/** The config.json of the Hugging Face folder that a GGUF file was made of, as far as the model's graph needs it. */
export function ggufConfig(model: GgufModel, file: string): Json {
  const { metadata, shapes } = model;
  const { name, modelType } = ggufArchitecture(metadata, file);
  const { className } = architectures[modelType];
  const read = reader(metadata, name, file);
  const embedding = shapes.get('token_embd.weight');
  if (!embedding) throw new WorkbenchError('badFile', `${file}: it holds no tensor 'token_embd.weight'`, again);
  const heads = read.needed('attention.head_count');
  const keyLength = read.number('attention.key_length');
  const valueLength = read.number('attention.value_length');
  if (valueLength !== undefined && keyLength !== undefined && valueLength !== keyLength)
    throw new WorkbenchError('unsupported', `${file}: keys of ${keyLength} and values of ${valueLength} a head`);
  const headDim = keyLength ?? read.needed('embedding_length') / heads;
  const rotated = read.number('rope.dimension_count') ?? headDim;
  const has = (tensor: string) => shapes.has(`blk.0.${tensor}`);
  return {
    architectures: [className],
    model_type: modelType,
    vocab_size: embedding[0],
    hidden_size: read.needed('embedding_length'),
    intermediate_size: read.needed('feed_forward_length'),
    num_hidden_layers: read.needed('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: read.number('attention.head_count_kv') ?? heads,
    head_dim: headDim,
    rms_norm_eps: read.needed('attention.layer_norm_rms_epsilon'),
    max_position_embeddings: read.needed('context_length'),
    tie_word_embeddings: !shapes.has('output.weight'),
    attention_bias: has('attn_q.bias') || has('attn_output.bias'),
    mlp_bias: has('ffn_up.bias'),
    rope_theta: read.number('rope.freq_base') ?? 10000,
    ...(rotated < headDim && { partial_rotary_factor: rotated / headDim }),
    ...ropeScaling(read, model, { headDim: rotated, file }),
    ...ofArchitecture(name, read, { heads, headDim }),
    ...tokens(metadata),
  };
}

/** Whether a family is read from GGUF, and written: those with other norms have other keys there. */
export function hasGgufConfig({ norm }: ArchitectureTraits): boolean {
  return norm === 'rms' || norm === 'rmsOnePlus';
}

const again = 'Download the file again, or make it anew.';

/**
 * The architecture of a model, as GGUF and as config.json name it, from what metadata begins with. Throws `badFile`, and
 * `unsupported` for one that cannot be run here.
 */
export function ggufArchitecture(
  metadata: GgufModel['metadata'],
  file: string,
): { name: string; modelType: Architecture } {
  const { 'general.architecture': name, 'general.type': type } = metadata;
  if (type === 'adapter' || type === 'mmproj')
    throw new WorkbenchError('unsupported', `${file}: it holds no model, but what belongs to one ('${type}')`);
  if (typeof name !== 'string') throw bad(file, 'general.architecture', 'a text', name);
  const all = Object.entries(architectures) as [Architecture, ArchitectureTraits][];
  const known = all.filter(([, traits]) => hasGgufConfig(traits));
  const found = known.find(([, traits]) => traits.ggufName === name);
  if (!found)
    throw new WorkbenchError(
      'unsupported',
      `${file}: the architecture '${visibleName(name)}' is not supported`,
      `Supported in GGUF: ${[...new Set(known.map(([, traits]) => traits.ggufName))].join(', ')}.`,
    );
  if ((reader(metadata, name, file).number('expert_count') ?? 0) > 0)
    throw new WorkbenchError('unsupported', `${file}: a mixture of experts is not supported`, 'Use a dense model.');
  return { name, modelType: found[0] };
}

/** What an architecture's config.json says besides. */
function ofArchitecture(name: string, read: Reader, { heads, headDim }: { heads: number; headDim: number }): Json {
  const layers = read.needed('block_count');
  const window = read.number('attention.sliding_window');
  if (name === 'gemma2' || name === 'gemma3') {
    // Gemma 3 with 62 layers, and Gemma 2 with 46, scale by the width in place of the head.
    const byWidth = layers === (name === 'gemma3' ? 62 : 46);
    const local = read.number('rope.freq_base_swa') ?? 10000;
    return {
      hidden_activation: 'gelu_pytorch_tanh',
      query_pre_attn_scalar: byWidth ? read.needed('embedding_length') / heads : headDim,
      sliding_window: window,
      attn_logit_softcapping: read.number('attn_logit_softcapping') ?? null,
      final_logit_softcapping: read.number('final_logit_softcapping') ?? null,
      ...(name === 'gemma3' && {
        rope_local_base_freq: local,
        layer_types: Array.from({ length: layers }, (_, i) =>
          (i + 1) % 6 === 0 ? 'full_attention' : 'sliding_attention',
        ),
      }),
    };
  }
  if (name === 'granite')
    return {
      attention_multiplier: read.number('attention.scale') ?? 1 / Math.sqrt(headDim),
      embedding_multiplier: read.number('embedding_scale') ?? 1,
      residual_multiplier: read.number('residual_scale') ?? 1,
      logits_scaling: read.number('logit_scale') ?? 1,
    };
  // llama.cpp has the same interval for every SmolLM3.
  if (name === 'smollm3')
    return { no_rope_layers: Array.from({ length: layers }, (_, i) => ((i + 1) % 4 === 0 ? 0 : 1)) };
  return window === undefined
    ? {}
    : { sliding_window: window, ...(name.startsWith('qwen') && { use_sliding_window: true }) };
}

/** `rope_scaling` of config.json. Throws `unsupported` for a kind that is not known. */
function ropeScaling(
  read: Reader,
  { ropeFactors }: GgufModel,
  { headDim, file }: { headDim: number; file: string },
): Json {
  const original = read.number('rope.scaling.original_context_length');
  const attention = read.number('rope.scaling.attn_factor');
  const [short, long] = [ropeFactors.get('rope_factors_short.weight'), ropeFactors.get('rope_factors_long.weight')];
  if (short && long)
    return {
      ...(original !== undefined && { original_max_position_embeddings: original }),
      rope_scaling: {
        rope_type: 'longrope',
        short_factor: [...short],
        long_factor: [...long],
        ...(attention !== undefined && { attention_factor: attention }),
      },
    };
  const divisors = ropeFactors.get('rope_freqs.weight');
  if (divisors) return { rope_scaling: llama3Scaling(divisors, read, { headDim, file }) };
  const factor = read.number('rope.scaling.factor') ?? read.number('rope.scale_linear');
  const type = read.text('rope.scaling.type') ?? (factor === undefined ? 'none' : 'linear');
  if (type === 'none' || factor === undefined || (type === 'linear' && factor === 1)) return {};
  if (type === 'linear') return { rope_scaling: { rope_type: 'linear', factor } };
  if (type !== 'yarn')
    throw new WorkbenchError('unsupported', `${file}: rope scaling '${visibleName(type)}' is not supported`);
  const betas = {
    beta_fast: read.number('rope.scaling.yarn_beta_fast'),
    beta_slow: read.number('rope.scaling.yarn_beta_slow'),
  };
  return {
    rope_scaling: {
      rope_type: 'yarn',
      factor,
      ...(original !== undefined && { original_max_position_embeddings: original }),
      ...Object.fromEntries(Object.entries(betas).filter(([, value]) => value !== undefined)),
      ...(attention !== undefined && { attention_factor: attention * yarnAttention(factor) }),
    },
  };
}

/** The factor on cos and sin that llama.cpp has for YaRN, as the paper has it. */
export function yarnAttention(factor: number): number {
  return 1 + 0.1 * Math.log(factor);
}

/** The scaling of Llama 3.1 and its successors, of which GGUF holds what each frequency is divided by. */
function llama3Scaling(
  divisors: Float32Array,
  read: Reader,
  { headDim, file }: { headDim: number; file: string },
): Json {
  const theta = read.number('rope.freq_base') ?? 10000;
  const factor = divisors.reduce((most, x) => Math.max(most, x), 1);
  const scaling = {
    rope_type: 'llama3',
    factor,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const fits = [...divisors].every((divisor, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / headDim);
    const turns = scaling.original_max_position_embeddings / wavelength;
    const smooth = Math.min(1, Math.max(0, (turns - 1) / (4 - 1)));
    const expected = 1 / ((1 - smooth) / factor + smooth);
    return Math.abs(divisor / expected - 1) < 1e-4;
  });
  if (fits && divisors.length === headDim / 2) return scaling;
  if (divisors.length !== headDim / 2)
    throw new WorkbenchError(
      'badFile',
      `${file}: 'rope_freqs.weight' has ${divisors.length} values for ${headDim / 2}`,
    );
  // Any other divisors, whatever the length of a text.
  const factors = [...divisors];
  return {
    rope_type: 'longrope',
    short_factor: factors,
    long_factor: factors,
    attention_factor: 1,
    original_max_position_embeddings: read.needed('context_length'),
  };
}

function tokens(metadata: GgufModel['metadata']): Json {
  const ids = {
    bos_token_id: metadata['tokenizer.ggml.bos_token_id'],
    eos_token_id: metadata['tokenizer.ggml.eos_token_id'],
  };
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => typeof id === 'number'));
}

type Reader = ReturnType<typeof reader>;

/** Metadata of one architecture, by the part of its keys behind `ARCHITECTURE.`. */
function reader(metadata: GgufModel['metadata'], architecture: string, file: string) {
  const number = (key: string): number | undefined => {
    const full = `${architecture}.${key}`;
    const value = Object.hasOwn(metadata, full) ? metadata[full] : undefined;
    if (value === undefined) return undefined;
    // Some models give a number for each layer.
    const all = Array.isArray(value) ? value : [value];
    if (all.length === 0 || all.some(x => typeof x !== 'number' && typeof x !== 'bigint'))
      throw bad(file, full, 'a number', value);
    if (all.some(x => x !== all[0]))
      throw new WorkbenchError('unsupported', `${file}: '${full}' differs from layer to layer`, 'Use another model.');
    return Number(all[0]);
  };
  return {
    number,
    needed(key: string): number {
      const value = number(key);
      if (value === undefined) throw bad(file, `${architecture}.${key}`, 'a number', undefined);
      return value;
    },
    text(key: string): string | undefined {
      const full = `${architecture}.${key}`;
      const value = Object.hasOwn(metadata, full) ? metadata[full] : undefined;
      if (value === undefined || typeof value === 'string') return value;
      throw bad(file, full, 'a text', value);
    },
  };
}

function bad(file: string, key: string, wanted: string, got: unknown): WorkbenchError {
  const shown = got === undefined ? 'nothing' : typeof got === 'object' ? 'a list' : visibleName(String(got));
  return new WorkbenchError('badFile', `${file}: '${key}' should be ${wanted}, got ${shown}`, again);
}
