import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { type Architecture, architectures, traitsOf } from './architectures.ts';
import type { ArchitectureTraits, BlockLinears, Factors, ModuleNames } from './architectureTraits.ts';
import { type ConfigReader, readConfig } from './configReader.ts';
import { type LayerType, layerTypesOf } from './layerTypes.ts';
import { type Rope, ropesOf } from './ropeConfig.ts';

/** What the MLP's hidden layer goes through: SiLU, GELU, or GELU by its approximation with tanh. */
type Activation = 'silu' | 'gelu' | 'gelu_pytorch_tanh';

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
  /** Rotary embeddings, of which each block has at most one. */
  ropes: Rope[];
  /** What each block's attention sees and rotates. */
  layerTypes: LayerType[];
  activation: Activation;
  /** Biases on q, k, v. */
  qkvBias: boolean;
  /** Bias on the attention's output projection. */
  outputBias: boolean;
  mlpBias: boolean;
  names: ModuleNames;
  /** Modules of a block that are linear layers. */
  linears: BlockLinears;
  /** The one layer of q, k and v gives them head by head. */
  qkvByHead: boolean;
  /** RMS norms of each head's query and key, or of all heads' together. */
  qkNorm: ArchitectureTraits['qkNorm'];
  /** Whether the MLP has a gate. */
  gated: boolean;
  /** Norms of what attention and MLP read, of what they give, of both, or one of what both read. */
  blockNorms: ArchitectureTraits['blockNorms'];
  /** Attention and MLP stand side by side. */
  parallel: boolean;
  norm: ArchitectureTraits['norm'];
  /** Rotary embeddings rotate neighbouring numbers together. */
  interleaved: boolean;
  factors: Factors;
  /** The output projection is the embedding matrix. */
  tied: boolean;
}

/** Rotary angles are held for every position, in 512 MB at most: about a million of positions for heads of 128. */
const mostAngles = 2 ** 27;

/** Names of activations in config.json; some have several. */
const activations: Record<string, Activation> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_pytorch_tanh: 'gelu_pytorch_tanh',
  gelu_new: 'gelu_pytorch_tanh',
};

/**
 * Reads a Hugging Face `config.json`, in both spellings (`rope_theta`/`torch_dtype` and the newer
 * `rope_parameters`/`dtype`). Throws `unsupported` with the name of what this version does not
 * implement, `badFile` with the key that is missing or of the wrong type.
 */
export function parseBaseConfig(json: unknown, file = 'config.json'): BaseConfig {
  const config = readConfig(json, file);
  const architecture = architectureOf(config);
  const traits = traitsOf(architecture);
  const refused = traits.refuses?.(config) ?? refusedKey(config);
  if (refused) throw config.unsupported(refused, `${traits.className} runs here without it`);
  const holds = (trait: boolean | string) =>
    typeof trait === 'string' ? (config.flag(trait) ?? traits.defaults.bias ?? false) : trait;
  const dim = config.integer('hidden_size');
  const heads = config.integer('num_attention_heads');
  const kvHeads = config.integer('num_key_value_heads', heads);
  if (heads % kvHeads !== 0)
    throw new WorkbenchError('badFile', `${file}: ${heads} attention heads cannot share ${kvHeads} key/value heads`);
  const activation = activationOf(config, traits);
  const headDim = config.integer('head_dim', traits.defaults.headDim ?? dim / heads);
  const length = config.integer('max_position_embeddings', 2048);
  const { ropes, maxLength: longest } = ropesOf(config, traits, { headDim, length });
  const angles = ropes.reduce((sum, rope) => sum + rope.dim, 0);
  const maxLength = Math.min(longest, Math.floor(mostAngles / angles));
  const layers = config.integer('num_hidden_layers');
  const factors = traits.factors?.(config, dim) ?? {};
  return {
    architecture,
    vocab: config.integer('vocab_size'),
    dim,
    layers,
    heads,
    kvHeads,
    headDim,
    mlpDim: config.integer(traits.mlpDimKey),
    maxLength,
    epsilon: config.number(traits.epsilonKey, traits.defaults.epsilon),
    ropes,
    layerTypes: layerTypesOf(config, traits, { layers, maxLength }),
    activation,
    qkvBias: holds(traits.qkvBias),
    outputBias: holds(traits.outputBias),
    mlpBias: holds(traits.mlpBias),
    names: traits.names,
    linears: traits.linears,
    qkvByHead: traits.qkvByHead,
    qkNorm: traits.qkNorm,
    blockNorms: traits.blockNorms,
    gated: traits.gated,
    parallel: typeof traits.parallel === 'string' ? config.flag(traits.parallel) !== false : traits.parallel,
    norm: traits.norm,
    interleaved: traits.interleaved,
    factors: { embedding: 1, attention: 1 / Math.sqrt(headDim), residual: 1, logits: 1, ...factors },
    tied: config.flag('tie_word_embeddings') ?? traits.defaults.tied,
  };
}

/** What changes the graph of any class that reads it, and is not implemented. */
function refusedKey(config: ConfigReader): string | undefined {
  return config.flag('use_bidirectional_attention') ? 'use_bidirectional_attention' : undefined;
}

function activationOf(config: ConfigReader, { activationKey, defaults }: ArchitectureTraits): Activation {
  const name = config.text(activationKey) ?? defaults.activation;
  if (Object.hasOwn(activations, name)) return activations[name]!;
  throw config.unsupported(
    `${activationKey} '${visibleName(name)}'`,
    `supported: ${Object.keys(activations).join(', ')}`,
  );
}

function architectureOf(config: ConfigReader): Architecture {
  const isText = (x: unknown): x is string => typeof x === 'string';
  const names = config.list('architectures', 'a list of names', isText) ?? [];
  const modelType = config.text('model_type');
  const known = Object.keys(architectures) as Architecture[];
  const classOf = (name: string) => known.find(a => architectures[a].className === name);
  const named = names.map(classOf).find(a => a !== undefined);
  // A config that names no class names the family all the same.
  const family = names.length === 0 ? known.find(a => a === modelType) : undefined;
  const found = named ?? family;
  if (found) return found;
  const name = names[0] ?? modelType ?? '(none)';
  const supported = `supported: ${known.map(a => architectures[a].className).join(', ')}`;
  const hint = config.has('text_config')
    ? `its language model is one part among others, such as for images ('text_config'); use a model of text alone; ${supported}`
    : supported;
  throw config.unsupported(`architecture '${visibleName(name)}'`, hint);
}
