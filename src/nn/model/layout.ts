import { architectures } from './architectures.ts';
import type { BlockLinears } from './architectureTraits.ts';
import type { BaseConfig } from './config.ts';

const lastPart = (module: string) => module.slice(module.lastIndexOf('.') + 1);

/** Names of the linear layers of this base's blocks, which can carry adapters: the last parts of their paths. */
export function linearNamesOf({ linears }: Pick<BaseConfig, 'linears'>): string[] {
  return Object.values(linears).flat().map(lastPart);
}

/** Those that most families have. */
export const usualLinearNames: readonly string[] = linearNamesOf(architectures.llama);

/** Those of all families. */
export const linearNames: readonly string[] = [...new Set(Object.values(architectures).flatMap(linearNamesOf))];

const families = Object.values(architectures);
const embeddings: ReadonlySet<string> = new Set(families.map(({ names }) => names.embedding));
const heads: ReadonlySet<string> = new Set(families.map(({ names }) => names.head));

/** Whether a path is that of the embedding in some family. */
export function isEmbedding(path: string): boolean {
  return embeddings.has(path);
}

/** Whether a path is that of the output layer in some family. */
export function isHead(path: string): boolean {
  return heads.has(path);
}

/** Names of both in all families: the last parts of their paths. */
export const outerNames: readonly string[] = [...new Set([...embeddings, ...heads].map(lastPart))];

/** What begins a path of some family. */
export const firstParts: readonly string[] = [...new Set([...embeddings, ...heads].map(path => path.split('.')[0]!))];

/**
 * The path of a module that an adapter names without what stands before it, such as `layers.0.self_attn.q_proj`: in the
 * family that has such a module, and in Llama's where all families or none have it.
 */
export function wholePath(path: string): string {
  const [, block, module] = /^layers\.(\d+)\.(.+)$/.exec(path) ?? [];
  const isOwn = ({ names, linears }: (typeof families)[number]) =>
    block === undefined
      ? names.embedding.endsWith(`.${path}`)
      : (Object.values(linears).flat() as string[]).includes(module!);
  const family = families.find(isOwn);
  if (block !== undefined) return `${(family ?? architectures.llama).names.blocks}.${block}.${module}`;
  return family?.names.embedding ?? path;
}

/** One adaptable linear layer: y [out] = W [out, in] · x [in] (+ bias). */
export interface LinearLayer {
  /** Module path in the Hugging Face model, for example `model.layers.0.self_attn.q_proj`. */
  path: string;
  name: string;
  layer: number;
  in: number;
  out: number;
  bias: boolean;
}

/** Which linear layers of a block read the same input. */
export type LinearRole = keyof BlockLinears;

const roles = ['qkv', 'o', 'mlp', 'down'] as const satisfies LinearRole[];

/** Module paths of the linear layers of a block that read the same input. */
export function linearPaths(
  { names, linears }: Pick<BaseConfig, 'names' | 'linears'>,
  layer: number,
  role: LinearRole,
): string[] {
  return linears[role].map(module => `${names.blocks}.${layer}.${module}`);
}

/** What the linear layers of a role give, side by side, whether they are layers of their own or one. */
export function roleSizes(c: BaseConfig, role: LinearRole): number[] {
  if (role === 'qkv') return [c.heads, c.kvHeads, c.kvHeads].map(heads => heads * c.headDim);
  if (role === 'mlp') return c.gated ? [c.mlpDim, c.mlpDim] : [c.mlpDim];
  return [c.dim];
}

/** All adaptable linear layers of a base, in the order of the forward pass. */
export function linearLayers(c: BaseConfig): LinearLayer[] {
  return linearGroups(c).flatMap(group => group.layers);
}

/** Linear layers of one block that read the same input. */
export interface LinearGroup {
  /** For example `layers.0.qkv`. */
  name: string;
  role: LinearRole;
  layers: LinearLayer[];
  in: number;
  /** Sum over the layers. */
  out: number;
}

/** All linear layers of a base, those that share an input together, in the order of the forward pass. */
export function linearGroups(c: BaseConfig): LinearGroup[] {
  const inputs: Record<LinearRole, number> = { qkv: c.dim, o: c.heads * c.headDim, mlp: c.dim, down: c.mlpDim };
  const biases: Record<LinearRole, boolean> = { qkv: c.qkvBias, o: c.outputBias, mlp: c.mlpBias, down: c.mlpBias };
  return Array.from({ length: c.layers }, (_, layer) =>
    roles.map(role => {
      const sizes = roleSizes(c, role);
      const out = sizes.reduce((a, b) => a + b, 0);
      const paths = linearPaths(c, layer, role);
      const layers = paths.map((path, i) => ({
        path,
        name: lastPart(path),
        layer,
        in: inputs[role],
        out: paths.length === 1 ? out : sizes[i]!,
        bias: biases[role],
      }));
      return { name: `layers.${layer}.${role}`, role, layers, in: inputs[role], out };
    }),
  ).flat();
}

/** Where a block has norms: of what attention and MLP read and give. */
export interface BlockNorms {
  attentionIn?: string;
  attentionOut?: string;
  mlpIn?: string;
  mlpOut?: string;
}

const normNames: Record<BaseConfig['blockNorms'], BlockNorms> = {
  before: { attentionIn: 'input_layernorm', mlpIn: 'post_attention_layernorm' },
  after: { attentionOut: 'post_attention_layernorm', mlpOut: 'post_feedforward_layernorm' },
  around: {
    attentionIn: 'input_layernorm',
    attentionOut: 'post_attention_layernorm',
    mlpIn: 'pre_feedforward_layernorm',
    mlpOut: 'post_feedforward_layernorm',
  },
  shared: { attentionIn: 'input_layernorm' },
};

/** The module of a norm of a block; undefined where the base has none there. */
export function normPath(c: BaseConfig, layer: number, place: keyof BlockNorms): string | undefined {
  const name = normNames[c.blockNorms][place];
  return name && `${c.names.blocks}.${layer}.${name}`;
}

/** The module of the norm on queries or keys, and its size. */
export function headNorm(c: BaseConfig, layer: number, kind: 'q' | 'k'): { path: string; size: number } {
  const heads = kind === 'q' ? c.heads : c.kvHeads;
  return {
    path: `${c.names.blocks}.${layer}.self_attn.${kind}_norm`,
    size: c.qkNorm === 'projection' ? heads * c.headDim : c.headDim,
  };
}

/** Names and shapes of all tensors a checkpoint of this base must hold. */
export function baseTensors(c: BaseConfig): Map<string, number[]> {
  const tensors = new Map<string, number[]>([[`${c.names.embedding}.weight`, [c.vocab, c.dim]]]);
  const addNorm = (path: string, size: number) => {
    tensors.set(`${path}.weight`, [size]);
    if (c.norm === 'layerWithBias') tensors.set(`${path}.bias`, [size]);
  };
  for (const l of linearLayers(c)) {
    tensors.set(`${l.path}.weight`, [l.out, l.in]);
    if (l.bias) tensors.set(`${l.path}.bias`, [l.out]);
  }
  for (let i = 0; i < c.layers; i++) {
    for (const place of Object.keys(normNames[c.blockNorms]) as (keyof BlockNorms)[])
      addNorm(normPath(c, i, place)!, c.dim);
    for (const kind of c.qkNorm ? (['q', 'k'] as const) : []) {
      const { path, size } = headNorm(c, i, kind);
      addNorm(path, size);
    }
  }
  addNorm(c.names.norm, c.dim);
  if (!c.tied) tensors.set(`${c.names.head}.weight`, [c.vocab, c.dim]);
  return tensors;
}

/** Number of weights of a base. */
export function baseParameters({ config }: { config: BaseConfig }): number {
  return [...baseTensors(config).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
