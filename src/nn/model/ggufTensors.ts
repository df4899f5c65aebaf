import { WorkbenchError } from '../../protocol/errors.ts';
import type { Matrix } from '../tensor/dtype.ts';
import { type Architecture, traitsOf } from './architectures.ts';
import type { BaseConfig } from './config.ts';

/*
 * How llama.cpp names and arranges the tensors of a model (gguf-py's tensor_mapping.py, convert_hf_to_gguf.py). One table
 * for both directions: what a base in GGUF is read with, and what adapters and models are written with.
 */

/** Parts of a block by their names in a Hugging Face checkpoint; of some llama.cpp has the parts of equal size apart. */
const blockNames: Record<string, readonly string[]> = {
  input_layernorm: ['attn_norm'],
  post_attention_layernorm: ['ffn_norm'],
  'self_attn.q_proj': ['attn_q'],
  'self_attn.k_proj': ['attn_k'],
  'self_attn.v_proj': ['attn_v'],
  'self_attn.qkv_proj': ['attn_qkv'],
  'self_attn.o_proj': ['attn_output'],
  'self_attn.q_norm': ['attn_q_norm'],
  'self_attn.k_norm': ['attn_k_norm'],
  'mlp.gate_proj': ['ffn_gate'],
  'mlp.up_proj': ['ffn_up'],
  // Gate and up in one, in llama.cpp as well.
  'mlp.gate_up_proj': ['ffn_up'],
  'mlp.down_proj': ['ffn_down'],
  'mlp.c_fc': ['ffn_up'],
  'mlp.c_proj': ['ffn_down'],
  'attention.query_key_value': ['attn_qkv'],
  'attention.dense': ['attn_output'],
  'mlp.dense_h_to_4h': ['ffn_up'],
  'mlp.dense_4h_to_h': ['ffn_down'],
  'shared_mlp.input_linear': ['ffn_gate', 'ffn_up'],
  'shared_mlp.output_linear': ['ffn_down'],
};

/** Names that mean something else where a block norms the results of attention and MLP. */
const normsAfter: Record<string, readonly string[]> = {
  post_attention_layernorm: ['post_attention_norm'],
  pre_feedforward_layernorm: ['ffn_norm'],
  post_feedforward_layernorm: ['post_ffw_norm'],
};

const otherNames: Record<string, string> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};

/**
 * The names that llama.cpp gives a tensor of a Hugging Face checkpoint: one, or those of its parts, one below the other;
 * undefined for a tensor that it has no place for.
 */
export function ggufTensorNames(name: string, architecture: Architecture): string[] | undefined {
  const [, path, suffix] = /^(.+)\.(weight|bias)$/.exec(name) ?? [];
  if (path === undefined) return undefined;
  const [, layer, part] = /^(?:model|gpt_neox)\.layers\.(\d+)\.(.+)$/.exec(path) ?? [];
  if (layer === undefined) return Object.hasOwn(otherNames, path) ? [`${otherNames[path]}.${suffix}`] : undefined;
  const { blockNorms } = traitsOf(architecture);
  const normsResults = blockNorms === 'after' || blockNorms === 'around';
  const names = normsResults ? { ...blockNames, ...normsAfter } : blockNames;
  return Object.hasOwn(names, part!) ? names[part!]!.map(own => `blk.${layer}.${own}.${suffix}`) : undefined;
}

/**
 * Rows in another order than in a Hugging Face checkpoint: within a head neighbouring pairs in place of its two halves; or
 * all heads of q, then those of k and of v, in place of q, k and v head by head.
 */
interface MovedRows {
  order: 'pairs' | 'parts';
  heads: number;
}

/** What a tensor is in a GGUF file, besides its name: one with moved rows, or with one more in each value. */
export type GgufChange = MovedRows | 'plusOne' | undefined;

/** `name` is that of the Hugging Face checkpoint. */
export function ggufChange(
  name: string,
  { architecture, heads, kvHeads }: Pick<BaseConfig, 'architecture' | 'heads' | 'kvHeads'>,
): GgufChange {
  const { ggufPairs, qkvByHead, norm } = traitsOf(architecture);
  const projection = /\.self_attn\.([qk])_proj\.(weight|bias)$/.exec(name);
  if (projection && ggufPairs) return { order: 'pairs', heads: projection[1] === 'q' ? heads : kvHeads };
  if (qkvByHead && /\.query_key_value\.(weight|bias)$/.test(name)) return { order: 'parts', heads };
  return norm === 'rmsOnePlus' && /norm\.weight$/.test(name) ? 'plusOne' : undefined;
}

/**
 * Rows as llama.cpp's converter arranges them; with `back` as they were.
 *
 * @throws WorkbenchError `mismatch` where the heads cannot share the rows
 */
export function moveRows(m: Matrix, { order, heads }: MovedRows, name: string, { back = false } = {}): Matrix {
  const size = m.rows / heads / (order === 'pairs' ? 2 : 3);
  if (!Number.isInteger(size))
    throw new WorkbenchError(
      'mismatch',
      `${name} has ${m.rows} outputs, which ${heads} heads cannot share in ${order === 'pairs' ? 'halves' : 'three'}`,
    );
  const target = (row: number): number => {
    if (order === 'pairs') {
      const within = row % (2 * size);
      return row - within + 2 * (within % size) + Math.floor(within / size);
    }
    const [head, part] = [Math.floor(row / (3 * size)), Math.floor(row / size) % 3];
    return (part * heads + head) * size + (row % size);
  };
  const data = new Float32Array(m.data.length);
  for (let row = 0; row < m.rows; row++) {
    const [from, to] = back ? [target(row), row] : [row, target(row)];
    data.set(m.data.subarray(from * m.cols, (from + 1) * m.cols), to * m.cols);
  }
  return { ...m, data };
}
