import { WorkbenchError } from '../../protocol/errors.ts';
import type { GgufValue } from '../files/gguf.ts';
import type { FloatTensor } from '../tensor/dtype.ts';
import { traitsOf } from './architectures.ts';
import type { BaseConfig } from './config.ts';
import { ropeFrequencies } from './rope.ts';
import type { Rope } from './ropeConfig.ts';

/** Architectures whose windows llama.cpp knows. */
const withWindows = ['gemma2', 'gemma3', 'phi3', 'cohere2'];

/**
 * What llama.cpp has to know of a model besides its weights: metadata, and the tensors that say how frequencies are
 * stretched. The inverse of `ggufConfig`. Throws `unsupported` for what llama.cpp would compute otherwise.
 */
export function ggufMetadata(
  c: BaseConfig,
  name: string,
): { metadata: Map<string, GgufValue>; tensors: Map<string, FloatTensor> } {
  const { ggufName } = traitsOf(c.architecture);
  const refuse = (what: string) =>
    new WorkbenchError('unsupported', `${what} has no place in a GGUF file of the architecture ${ggufName}`);
  const windows = c.layerTypes.flatMap(type => type.window ?? []);
  if (windows.length > 0 && !withWindows.includes(ggufName)) throw refuse('attention within a window');
  const [rope, sliding] = c.ropes;
  if (!rope) throw refuse('a model without rotary embedding');
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
  return { metadata, tensors: scaled.tensors };
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
