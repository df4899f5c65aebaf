import { visibleName } from '../../protocol/visibleText.ts';
import type { ArchitectureTraits } from './architectureTraits.ts';
import type { ConfigReader } from './configReader.ts';

/** q, k and v, and the MLP's two inputs, as layers of their own. */
const apart = {
  qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  o: ['self_attn.o_proj'],
  mlp: ['mlp.gate_proj', 'mlp.up_proj'],
  down: ['mlp.down_proj'],
} as const;

const llama = {
  className: 'LlamaForCausalLM',
  ggufName: 'llama',
  ggufPairs: true,
  names: { embedding: 'model.embed_tokens', blocks: 'model.layers', norm: 'model.norm', head: 'lm_head' },
  linears: apart,
  qkvByHead: false,
  gated: true,
  qkvBias: 'attention_bias',
  outputBias: 'attention_bias',
  mlpBias: 'mlp_bias',
  qkNorm: false,
  blockNorms: 'before',
  parallel: false,
  norm: 'rms',
  epsilonKey: 'rms_norm_eps',
  activationKey: 'hidden_act',
  mlpDimKey: 'intermediate_size',
  windows: 'none',
  rotated: 'all',
  interleaved: false,
  ropeKeys: { theta: 'rope_theta' },
  defaults: { epsilon: 1e-6, tied: false, activation: 'silu' },
} as const satisfies ArchitectureTraits;

const qwen2 = {
  ...llama,
  className: 'Qwen2ForCausalLM',
  ggufName: 'qwen2',
  ggufPairs: false,
  qkvBias: true,
  outputBias: false,
  mlpBias: false,
  windows: 'last',
  windowSwitch: 'use_sliding_window',
  defaults: { ...llama.defaults, window: 4096 },
} as const satisfies ArchitectureTraits;

const gemma3 = {
  ...llama,
  className: 'Gemma3ForCausalLM',
  ggufName: 'gemma3',
  ggufPairs: false,
  mlpBias: false,
  qkNorm: 'head',
  blockNorms: 'around',
  norm: 'rmsOnePlus',
  activationKey: 'hidden_activation',
  windows: { allButEvery: 6 },
  ropes: { theta: 1e6, slidingTheta: 1e4 },
  defaults: { epsilon: 1e-6, headDim: 256, window: 4096, tied: true, activation: 'gelu_pytorch_tanh' },
  factors: (config, hiddenSize) => ({
    embedding: Math.sqrt(hiddenSize),
    attention: 1 / Math.sqrt(config.number('query_pre_attn_scalar', 256)),
    logitCap: config.optional('final_logit_softcapping'),
  }),
} as const satisfies ArchitectureTraits;

const granite = {
  ...llama,
  className: 'GraniteForCausalLM',
  ggufName: 'granite',
  factors: config => ({
    embedding: config.number('embedding_multiplier', 1),
    attention: config.number('attention_multiplier', 1),
    residual: config.number('residual_multiplier', 1),
    logits: 1 / config.number('logits_scaling', 1),
  }),
} as const satisfies ArchitectureTraits;

/**
 * The supported families, by `model_type` of config.json. To add one that is made of the same parts, add its entry. A part
 * that none of them has becomes a trait (architectureTraits.ts), a field of `BaseConfig` (config.ts), its tensors in layout.ts, and its
 * operators in transformer.ts.
 */
export const architectures = {
  llama,
  mistral: {
    ...llama,
    className: 'MistralForCausalLM',
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    windows: 'all',
    defaults: { ...llama.defaults, window: 4096 },
  },
  qwen2,
  qwen3: {
    ...qwen2,
    className: 'Qwen3ForCausalLM',
    ggufName: 'qwen3',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    qkNorm: 'head',
    defaults: { ...qwen2.defaults, headDim: 128 },
  },
  gemma2: {
    ...gemma3,
    className: 'Gemma2ForCausalLM',
    ggufName: 'gemma2',
    qkNorm: false,
    windows: { allButEvery: 2 },
    ropes: undefined,
    factors: (config: ConfigReader, hiddenSize: number) => ({
      ...gemma3.factors(config, hiddenSize),
      attentionCap: config.optional('attn_logit_softcapping', 50),
      logitCap: config.optional('final_logit_softcapping', 30),
    }),
  },
  gemma3_text: gemma3,
  smollm3: {
    ...llama,
    className: 'SmolLM3ForCausalLM',
    ggufName: 'smollm3',
    windows: 'unrotated',
    windowSwitch: 'use_sliding_window',
    rotated: 'no_rope_layers',
    defaults: { ...llama.defaults, tied: true },
  },
  phi3: {
    ...llama,
    className: 'Phi3ForCausalLM',
    ggufName: 'phi3',
    ggufPairs: false,
    linears: { ...apart, qkv: ['self_attn.qkv_proj'], mlp: ['mlp.gate_up_proj'] },
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    windows: 'all',
    ropeKeys: { theta: 'rope_theta', part: 'partial_rotary_factor' },
    defaults: { ...llama.defaults, epsilon: 1e-5 },
  },
  granite,
  granitemoehybrid: {
    ...granite,
    className: 'GraniteMoeHybridForCausalLM',
    linears: { ...apart, mlp: ['shared_mlp.input_linear'], down: ['shared_mlp.output_linear'] },
    mlpBias: false,
    mlpDimKey: 'shared_intermediate_size',
    rotated: 'position_embedding_type',
    refuses: (config: ConfigReader) => {
      const experts = config.count('num_local_experts', 8);
      if (experts > 0) return `num_local_experts ${experts}`;
      const isText = (x: unknown): x is string => typeof x === 'string';
      // Layers without a type are Mamba's.
      const types = config.list('layer_types', 'a list of texts', isText) ?? ['mamba'];
      const other = types.find(type => type !== 'attention' && type !== 'full_attention');
      return other === undefined ? undefined : `the layer type '${visibleName(other)}'`;
    },
  },
  olmo2: {
    ...llama,
    className: 'Olmo2ForCausalLM',
    ggufName: 'olmo2',
    ggufPairs: false,
    mlpBias: false,
    qkNorm: 'projection',
    blockNorms: 'after',
    defaults: { ...llama.defaults, epsilon: 1e-5 },
  },
  cohere2: {
    ...llama,
    className: 'Cohere2ForCausalLM',
    ggufName: 'cohere2',
    ggufPairs: false,
    mlpBias: false,
    blockNorms: 'shared',
    parallel: true,
    norm: 'layer',
    epsilonKey: 'layer_norm_eps',
    windows: { allButEvery: 4 },
    rotated: 'windowed',
    interleaved: true,
    defaults: { ...llama.defaults, epsilon: 1e-5, window: 4096, tied: true },
    factors: (config: ConfigReader) => ({ logits: config.number('logit_scale', 0.0625) }),
  },
  starcoder2: {
    ...llama,
    className: 'Starcoder2ForCausalLM',
    ggufName: 'starcoder2',
    ggufPairs: false,
    linears: { ...apart, mlp: ['mlp.c_fc'], down: ['mlp.c_proj'] },
    gated: false,
    qkvBias: 'use_bias',
    outputBias: 'use_bias',
    mlpBias: 'use_bias',
    norm: 'layerWithBias',
    epsilonKey: 'norm_epsilon',
    windows: 'all',
    defaults: { epsilon: 1e-5, tied: true, bias: true, activation: 'gelu_pytorch_tanh' },
  },
  gpt_neox: {
    ...llama,
    className: 'GPTNeoXForCausalLM',
    ggufName: 'gptneox',
    ggufPairs: false,
    names: {
      embedding: 'gpt_neox.embed_in',
      blocks: 'gpt_neox.layers',
      norm: 'gpt_neox.final_layer_norm',
      head: 'embed_out',
    },
    linears: {
      qkv: ['attention.query_key_value'],
      o: ['attention.dense'],
      mlp: ['mlp.dense_h_to_4h'],
      down: ['mlp.dense_4h_to_h'],
    },
    qkvByHead: true,
    gated: false,
    mlpBias: true,
    parallel: 'use_parallel_residual',
    norm: 'layerWithBias',
    epsilonKey: 'layer_norm_eps',
    ropeKeys: { theta: 'rotary_emb_base', part: 'rotary_pct', partByDefault: 0.25 },
    defaults: { epsilon: 1e-5, tied: false, bias: true, activation: 'gelu' },
  },
} as const satisfies Record<string, ArchitectureTraits>;

export type Architecture = keyof typeof architectures;

/** A family's traits, in the type that all of them have. */
export function traitsOf(architecture: Architecture): ArchitectureTraits {
  return architectures[architecture];
}
