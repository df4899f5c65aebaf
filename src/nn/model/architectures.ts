/** What sets a family of decoders apart from the others, as its class in transformers builds it. */
export interface ArchitectureTraits {
  /** The class that `architectures` of config.json names. */
  className: string;
  /** The name that llama.cpp gives it in GGUF files. */
  ggufName: 'llama' | 'qwen2' | 'qwen3';
  /** Biases of q, k and v, of the attention's output and of the MLP: always, never, or as this key of config.json says. */
  qkvBias: boolean | 'attention_bias';
  outputBias: boolean | 'attention_bias';
  mlpBias: boolean | 'mlp_bias';
  /** RMS norms on each head's query and key. */
  qkNorm: boolean;
  /** Size of a head where config.json gives none; hidden_size / num_attention_heads without it. */
  headDim?: number;
}

/**
 * The supported families, by `model_type` of config.json. To add one that is made of the same parts, add its entry. A part
 * that none of them has becomes a trait here, a field of `BaseConfig` (config.ts), its tensors in layout.ts, and its
 * operators in transformer.ts.
 */
export const architectures = {
  llama: {
    className: 'LlamaForCausalLM',
    ggufName: 'llama',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    mlpBias: 'mlp_bias',
    qkNorm: false,
  },
  mistral: {
    className: 'MistralForCausalLM',
    ggufName: 'llama',
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    qkNorm: false,
  },
  qwen2: {
    className: 'Qwen2ForCausalLM',
    ggufName: 'qwen2',
    qkvBias: true,
    outputBias: false,
    mlpBias: false,
    qkNorm: false,
  },
  qwen3: {
    className: 'Qwen3ForCausalLM',
    ggufName: 'qwen3',
    qkvBias: 'attention_bias',
    outputBias: 'attention_bias',
    mlpBias: false,
    qkNorm: true,
    headDim: 128,
  },
} as const satisfies Record<string, ArchitectureTraits>;

export type Architecture = keyof typeof architectures;
