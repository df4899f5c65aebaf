import { visibleName } from '../../protocol/visibleText.ts';
import type { ConfigReader } from './configReader.ts';

/**
 * Modules of a block that are linear layers, those that read the same input together, in the order of the forward pass. One
 * layer in place of several gives their results side by side.
 */
export interface BlockLinears {
  qkv: readonly string[];
  o: readonly string[];
  mlp: readonly string[];
  down: readonly string[];
}

/** Numbers that a graph multiplies with, 1 where there is nothing to multiply, and what values are limited to. */
export interface Factors {
  /** On the rows of the embedding. */
  embedding: number;
  /** On the products of queries and keys: 1 / √(head size) in most families. */
  attention: number;
  /** On what attention and MLP add to the residual stream. */
  residual: number;
  logits: number;
  /** Attention scores, and logits, become cap · tanh(score / cap). */
  attentionCap?: number;
  logitCap?: number;
}

/** What sets a family of decoders apart from the others, as its class in transformers builds it. */
export interface ArchitectureTraits {
  /** The class that `architectures` of config.json names. */
  className: string;
  /** The name that llama.cpp gives it in GGUF files. */
  ggufName:
    | 'llama'
    | 'qwen2'
    | 'qwen3'
    | 'gemma2'
    | 'gemma3'
    | 'smollm3'
    | 'phi3'
    | 'granite'
    | 'olmo2'
    | 'cohere2'
    | 'starcoder2';
  /** llama.cpp rotates neighbouring pairs of numbers here: in its files the rows of each head of q and k are interleaved. */
  ggufPairs: boolean;
  linears: BlockLinears;
  /** The MLP multiplies a gate, which goes through the activation, with its other input; without one there is one input alone. */
  gated: boolean;
  /** Biases of q, k and v, of the attention's output and of the MLP: always, never, or as this key of config.json says. */
  qkvBias: boolean | 'attention_bias' | 'use_bias';
  outputBias: boolean | 'attention_bias' | 'use_bias';
  mlpBias: boolean | 'mlp_bias' | 'use_bias';
  /** RMS norms of each head's query and key, or of all heads' together. */
  qkNorm: false | 'head' | 'projection';
  /** Norms of a block: of what attention and MLP read, of what they give, of both, or one of what both read. */
  blockNorms: 'before' | 'after' | 'around' | 'shared';
  /** Attention and MLP stand side by side: the MLP does not read what attention gives. */
  parallel: boolean;
  /** RMS norms, which may multiply with 1 + weight in place of the weight; or norms that subtract the mean, with or without bias. */
  norm: 'rms' | 'rmsOnePlus' | 'layer' | 'layerWithBias';
  /** The key of config.json with what norms add to the variance. */
  epsilonKey: 'rms_norm_eps' | 'layer_norm_eps' | 'norm_epsilon';
  /** The key of config.json that names the MLP's activation. */
  activationKey: 'hidden_act' | 'hidden_activation';
  /**
   * Blocks whose attention sees a window alone: none; all; all from `max_window_layers` on; those without rotary embedding;
   * or all but every nth. For the last three `layer_types` stands before that.
   */
  windows: 'none' | 'all' | 'last' | 'unrotated' | { allButEvery: number };
  /** Windows are there where this key of config.json is true. */
  windowSwitch?: 'use_sliding_window';
  /**
   * Blocks whose queries and keys are rotated: all; those with a window; as `no_rope_layers` says; all where
   * `position_embedding_type` is rope.
   */
  rotated: 'all' | 'windowed' | 'no_rope_layers' | 'position_embedding_type';
  /** Neighbouring numbers of a head are rotated together, in place of those of its two halves. */
  interleaved: boolean;
  /** `partial_rotary_factor` may leave a part of each head as it is. */
  partlyRotated: boolean;
  /** Blocks with a window have a rotary embedding of their own; the bases of either kind where config.json gives none. */
  ropes?: { theta: number; slidingTheta: number } | undefined;
  /** What stands for keys that config.json leaves out. */
  defaults: {
    epsilon: number;
    /** Size of a head; hidden_size / num_attention_heads without it. */
    headDim?: number;
    /** In tokens. */
    window?: number;
    tied: boolean;
    /** Biases that a key of config.json switches. */
    bias?: boolean;
    activation: string;
  };
  /** The key of config.json with the width of the MLP's hidden layer. */
  mlpDimKey: 'intermediate_size' | 'shared_intermediate_size';
  /** What of a configuration is not implemented, where a class may build other parts as well. */
  refuses?: (config: ConfigReader) => string | undefined;
  /** Factors, where it has any. */
  factors?: (config: ConfigReader, hiddenSize: number) => Partial<Factors>;
}

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
  linears: apart,
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
  partlyRotated: false,
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
 * that none of them has becomes a trait here, a field of `BaseConfig` (config.ts), its tensors in layout.ts, and its
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
    partlyRotated: true,
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
} as const satisfies Record<string, ArchitectureTraits>;

export type Architecture = keyof typeof architectures;

/** A family's traits, in the type that all of them have. */
export function traitsOf(architecture: Architecture): ArchitectureTraits {
  return architectures[architecture];
}
