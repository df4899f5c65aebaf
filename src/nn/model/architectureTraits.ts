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

/** Modules outside the blocks, and the list that the blocks are in. */
export interface ModuleNames {
  embedding: string;
  blocks: string;
  norm: string;
  /** The output projection, where it has weights of its own. */
  head: string;
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
    | 'starcoder2'
    | 'gptneox';
  /** llama.cpp rotates neighbouring pairs of numbers here: in its files the rows of each head of q and k are interleaved. */
  ggufPairs: boolean;
  names: ModuleNames;
  linears: BlockLinears;
  /** The one layer of q, k and v gives them head by head, in place of one behind the other. */
  qkvByHead: boolean;
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
  /** Attention and MLP stand side by side, the MLP not reading what attention gives: always, never, or where this key is not false. */
  parallel: boolean | 'use_parallel_residual';
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
  /** Keys of config.json with the rotary embedding's base, and with the part of each head that is rotated where not all must be. */
  ropeKeys: { theta: string; part?: string; partByDefault?: number };
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
