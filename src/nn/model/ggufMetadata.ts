import { WorkbenchError } from '../../protocol/errors.ts';
import type { GgufValue } from '../files/gguf.ts';
import type { FloatTensor } from '../tensor/dtype.ts';
import { traitsOf } from './architectures.ts';
import { type BaseConfig, parseBaseConfig } from './config.ts';
import { ggufConfig, hasGgufConfig, yarnAttention } from './ggufConfig.ts';
import { ggufTensorNames } from './ggufTensors.ts';
import { baseTensors } from './layout.ts';
import { ropeFrequencies } from './rope.ts';
import type { Rope } from './ropeConfig.ts';

/**
 * What llama.cpp has to know of a model besides its weights: metadata, and the tensors that say how frequencies are
 * stretched. The inverse of `ggufConfig`, by which it is read again: throws `unsupported` where that gives another model.
 */
export function ggufMetadata(
  c: BaseConfig,
  name: string,
): { metadata: Map<string, GgufValue>; tensors: Map<string, FloatTensor> } {
  const traits = traitsOf(c.architecture);
  const { ggufName } = traits;
  if (!hasGgufConfig(traits)) throw refused(`a model of the class ${traits.className}`, ggufName);
  const windows = c.layerTypes.flatMap(type => type.window ?? []);
  const [rope, sliding] = c.ropes;
  if (!rope) throw refused('a model without rotary embedding', ggufName);
  const own = (key: string) => `${ggufName}.${key}`;
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { string: ggufName }],
    ['general.type', { string: 'model' }],
    ['general.name', { string: name }],
    [own('block_count'), { uint32: c.layers }],
    [own('context_length'), { uint32: c.maxLength }],
    [own('embedding_length'), { uint32: c.dim }],
    [own('feed_forward_length'), { uint32: c.mlpDim }],
    [own('attention.head_count'), { uint32: c.heads }],
    [own('attention.head_count_kv'), { uint32: c.kvHeads }],
    [own('attention.key_length'), { uint32: c.headDim }],
    [own('attention.value_length'), { uint32: c.headDim }],
    [own('attention.layer_norm_rms_epsilon'), { float32: c.epsilon }],
    [own('rope.dimension_count'), { uint32: rope.dim }],
    [own('rope.freq_base'), { float32: rope.theta }],
    [own('vocab_size'), { uint32: c.vocab }],
  ]);
  if (windows.length > 0) metadata.set(own('attention.sliding_window'), { uint32: windows[0]! });
  if (sliding) metadata.set(own('rope.freq_base_swa'), { float32: sliding.theta });
  const { attentionCap, logitCap, embedding, attention, residual, logits } = c.factors;
  if (attentionCap !== undefined) metadata.set(own('attn_logit_softcapping'), { float32: attentionCap });
  if (logitCap !== undefined) metadata.set(own('final_logit_softcapping'), { float32: logitCap });
  if (ggufName === 'granite') {
    metadata.set(own('embedding_scale'), { float32: embedding });
    metadata.set(own('attention.scale'), { float32: attention });
    metadata.set(own('residual_scale'), { float32: residual });
    metadata.set(own('logit_scale'), { float32: 1 / logits });
  }
  const scaled = ropeScaling(rope);
  for (const [key, value] of scaled.metadata) metadata.set(own(key), value);
  checkReadAgain(c, metadata, scaled.tensors);
  return { metadata, tensors: scaled.tensors };
}

function refused(what: string, ggufName: string): WorkbenchError {
  return new WorkbenchError(
    'unsupported',
    `${what} has no place in a GGUF file of the architecture ${ggufName}`,
    'Export a Hugging Face folder.',
  );
}

function checkReadAgain(
  c: BaseConfig,
  metadata: ReadonlyMap<string, GgufValue>,
  ropes: ReadonlyMap<string, FloatTensor>,
): void {
  const { ggufName } = traitsOf(c.architecture);
  const shapes = new Map(
    [...baseTensors(c)].flatMap(([name, shape]) =>
      (ggufTensorNames(name, c.architecture) ?? []).map(own => [own, shape] as const),
    ),
  );
  const json = ggufConfig(
    {
      metadata: Object.fromEntries([...metadata].map(([key, value]) => [key, Object.values(value)[0]])),
      shapes,
      ropeFactors: new Map([...ropes].map(([name, { data }]) => [name, data])),
    },
    'the GGUF file',
  );
  const again = parseBaseConfig(json, 'the GGUF file');
  // Mistral is Llama there, and layers that are one in one place are two in the other.
  const { architecture: _, linears: __, ropes: ___, ...rest } = c;
  for (const key of Object.keys(rest) as (keyof typeof rest)[])
    if (!isSame(again[key], c[key])) throw refused(`'${key}' as it is here`, ggufName);
  for (const [i, rope] of c.ropes.entries()) {
    const read = again.ropes[i];
    const isAlike =
      read !== undefined &&
      [1, c.maxLength].every(length => isSame(ropeFrequencies(read, length), ropeFrequencies(rope, length))) &&
      isSame(ropeAttention(read), ropeAttention(rope));
    if (!isAlike) throw refused('the rotary embedding as it is here', ggufName);
  }
}

function ropeAttention({ scaling }: Rope): number {
  return 'attentionFactor' in scaling ? scaling.attentionFactor : 1;
}

/** Whether two values are alike, numbers as single floats. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])] as never[];
  return keys.every(key => isSame(a[key], b[key]));
}

function ropeScaling({ scaling: s, theta, dim }: Rope): {
  metadata: [string, GgufValue][];
  tensors: Map<string, FloatTensor>;
} {
  const vector = (values: number[]): FloatTensor => ({ shape: [values.length], data: Float32Array.from(values) });
  if (s.type === 'none') return { metadata: [], tensors: new Map() };
  if (s.type === 'linear')
    return {
      metadata: [
        ['rope.scaling.type', { string: 'linear' }],
        ['rope.scaling.factor', { float32: s.factor }],
      ],
      tensors: new Map(),
    };
  if (s.type === 'llama3') {
    // What each frequency is divided by.
    const plain = ropeFrequencies({ theta, dim, scaling: { type: 'none' } }, 1);
    const stretched = ropeFrequencies({ theta, dim, scaling: s }, 1);
    return { metadata: [], tensors: new Map([['rope_freqs.weight', vector(plain.map((f, i) => f / stretched[i]!))]]) };
  }
  if (s.type === 'yarn')
    return {
      metadata: [
        ['rope.scaling.type', { string: 'yarn' }],
        ['rope.scaling.factor', { float32: s.factor }],
        ['rope.scaling.original_context_length', { uint32: s.originalLength }],
        ['rope.scaling.yarn_beta_fast', { float32: s.betaFast }],
        ['rope.scaling.yarn_beta_slow', { float32: s.betaSlow }],
        // llama.cpp multiplies with its own besides.
        ['rope.scaling.attn_factor', { float32: s.attentionFactor / yarnAttention(s.factor) }],
      ],
      tensors: new Map(),
    };
  return {
    metadata: [
      ['rope.scaling.original_context_length', { uint32: s.originalLength }],
      ['rope.scaling.attn_factor', { float32: s.attentionFactor }],
    ],
    tensors: new Map([
      ['rope_factors_long.weight', vector(s.longFactors)],
      ['rope_factors_short.weight', vector(s.shortFactors)],
    ]),
  };
}
