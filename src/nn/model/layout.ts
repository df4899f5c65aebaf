import type { BaseConfig } from './config.ts';

/** The linear layers of one block that can carry adapters, by the last part of their path. */
export const linearNames = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LinearName = (typeof linearNames)[number];

/** One adaptable linear layer: y [out] = W [out, in] · x [in] (+ bias). */
export interface LinearLayer {
  /** Module path in the Hugging Face model, for example `model.layers.0.self_attn.q_proj`. */
  path: string;
  name: LinearName;
  layer: number;
  in: number;
  out: number;
  bias: boolean;
}

/** Module path of a linear layer. */
export function linearPath(layer: number, name: LinearName): string {
  const parent = name.endsWith('_proj') && 'qkvo'.includes(name[0]!) && name.length === 6 ? 'self_attn' : 'mlp';
  return `model.layers.${layer}.${parent}.${name}`;
}

/** All adaptable linear layers of a base, in the order of the forward pass. */
export function linearLayers(c: BaseConfig): LinearLayer[] {
  const [q, kv] = [c.heads * c.headDim, c.kvHeads * c.headDim];
  const sizes: Record<LinearName, [input: number, output: number, bias: boolean]> = {
    q_proj: [c.dim, q, c.qkvBias],
    k_proj: [c.dim, kv, c.qkvBias],
    v_proj: [c.dim, kv, c.qkvBias],
    o_proj: [q, c.dim, c.outputBias],
    gate_proj: [c.dim, c.mlpDim, c.mlpBias],
    up_proj: [c.dim, c.mlpDim, c.mlpBias],
    down_proj: [c.mlpDim, c.dim, c.mlpBias],
  };
  return Array.from({ length: c.layers }, (_, layer) =>
    linearNames.map(name => {
      const [input, output, bias] = sizes[name];
      return { path: linearPath(layer, name), name, layer, in: input, out: output, bias };
    }),
  ).flat();
}

/** Linear layers of one block that read the same input. */
export interface LinearGroup {
  /** For example `layers.0.qkv`. */
  name: string;
  layers: LinearLayer[];
  in: number;
  /** Sum over the layers. */
  out: number;
}

/** The groups of a block, by what they read. */
const groupNames: Record<string, readonly LinearName[]> = {
  qkv: ['q_proj', 'k_proj', 'v_proj'],
  o: ['o_proj'],
  mlp: ['gate_proj', 'up_proj'],
  down: ['down_proj'],
};

/** All linear layers of a base, those that share an input together, in the order of the forward pass. */
export function linearGroups(c: BaseConfig): LinearGroup[] {
  const layers = linearLayers(c);
  return Array.from({ length: c.layers }, (_, layer) =>
    Object.entries(groupNames).map(([name, members]) => {
      const own = layers.filter(l => l.layer === layer && members.includes(l.name));
      return {
        name: `layers.${layer}.${name}`,
        layers: own,
        in: own[0]!.in,
        out: own.reduce((sum, l) => sum + l.out, 0),
      };
    }),
  ).flat();
}

/** Names and shapes of all tensors a checkpoint of this base must hold. */
export function baseTensors(c: BaseConfig): Map<string, number[]> {
  const tensors = new Map<string, number[]>([['model.embed_tokens.weight', [c.vocab, c.dim]]]);
  for (const l of linearLayers(c)) {
    tensors.set(`${l.path}.weight`, [l.out, l.in]);
    if (l.bias) tensors.set(`${l.path}.bias`, [l.out]);
  }
  for (let i = 0; i < c.layers; i++) {
    const block = `model.layers.${i}`;
    tensors.set(`${block}.input_layernorm.weight`, [c.dim]);
    tensors.set(`${block}.post_attention_layernorm.weight`, [c.dim]);
    if (c.qkNorm) for (const n of ['q_norm', 'k_norm']) tensors.set(`${block}.self_attn.${n}.weight`, [c.headDim]);
  }
  tensors.set('model.norm.weight', [c.dim]);
  if (!c.tied) tensors.set('lm_head.weight', [c.vocab, c.dim]);
  return tensors;
}

/** Number of weights of a base. */
export function baseParameters({ config }: { config: BaseConfig }): number {
  return [...baseTensors(config).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
