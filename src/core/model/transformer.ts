import type { Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { BaseConfig } from './config.ts';
import { type LinearName, linearPath } from './layout.ts';
import { rotaryTables } from './rope.ts';

/*
 * Dimensions: B rows of the batch, T tokens a row, N = B·T, dim width, H query heads, KV key/value heads,
 * hd head size. Between layers activations are kept flat, [N, dim], so that every projection is one Gemm.
 */

/** What differs between the graphs that share the forward pass. */
export interface TransformerParts {
  /** A weight of the base in F32, by its name in the checkpoint. */
  weight(name: string): Value;
  /** A linear layer with whatever adapters it carries: x [N, in] → [N, out]. */
  linear(x: Value, path: string): Value;
  /** q [B, T, H·hd], k and v [B, T, KV·hd], rotated already → [B, T, H·hd]. */
  attention(layer: number, q: Value, k: Value, v: Value): Value;
}

/** Declares the sizes B, T and N of a graph over `ids` [B, T]. */
export function defineBatchSizes(g: Graph, ids: Value): void {
  const shape = g.node('Shape', [ids], [{ type: 'int64', shape: [2] }])[0]!;
  const [b, t] = op.split(g, shape, [1, 1], 0) as [Value, Value];
  g.defineSize('B', b);
  g.defineSize('T', t);
  g.defineSize('N', op.mul(g, b, t));
}

/** The decoder without its output projection: ids [B, T], positions [B, T] → hidden [N, dim], after the final norm. */
export function transformer(g: Graph, c: BaseConfig, parts: TransformerParts, ids: Value, positions: Value): Value {
  const embedding = parts.weight('model.embed_tokens.weight');
  let x = op.reshape(g, op.gatherRows(g, embedding, op.reshape(g, ids, ['N'])), ['N', c.dim]);
  for (let layer = 0; layer < c.layers; layer++) {
    x = op.add(g, x, attentionBlock(g, c, parts, layer, x, positions));
    x = op.add(g, x, mlpBlock(g, c, parts, layer, x));
  }
  return op.rmsNorm(g, x, parts.weight('model.norm.weight'), c.epsilon);
}

/** Rows of hidden states [M, dim] → logits [M, vocab]. */
export function outputProjection(g: Graph, c: BaseConfig, parts: TransformerParts, hidden: Value): Value {
  const weight = parts.weight(c.tied ? 'model.embed_tokens.weight' : 'lm_head.weight');
  return op.gemm(g, hidden, weight, { transB: true });
}

function attentionBlock(g: Graph, c: BaseConfig, parts: TransformerParts, layer: number, x: Value, positions: Value) {
  const block = `model.layers.${layer}`;
  const h = op.rmsNorm(g, x, parts.weight(`${block}.input_layernorm.weight`), c.epsilon);
  const project = (name: LinearName) => parts.linear(h, linearPath(layer, name));
  const rotate = (v: Value, heads: number, norm: string) => {
    const normed = c.qkNorm ? headNorm(g, c, v, heads, parts.weight(`${block}.self_attn.${norm}.weight`)) : v;
    const { cos, sin } = rotaryConstants(g, c);
    return op.rotary(g, op.reshape(g, normed, ['B', 'T', heads * c.headDim]), positions, cos, sin);
  };
  const q = rotate(project('q_proj'), c.heads, 'q_norm');
  const k = rotate(project('k_proj'), c.kvHeads, 'k_norm');
  const v = op.reshape(g, project('v_proj'), ['B', 'T', c.kvHeads * c.headDim]);
  const mixed = op.reshape(g, parts.attention(layer, q, k, v), ['N', c.heads * c.headDim]);
  return parts.linear(mixed, linearPath(layer, 'o_proj'));
}

function mlpBlock(g: Graph, c: BaseConfig, parts: TransformerParts, layer: number, x: Value): Value {
  const h = op.rmsNorm(g, x, parts.weight(`model.layers.${layer}.post_attention_layernorm.weight`), c.epsilon);
  const gate = op.silu(g, parts.linear(h, linearPath(layer, 'gate_proj')));
  const up = parts.linear(h, linearPath(layer, 'up_proj'));
  return parts.linear(op.mul(g, gate, up), linearPath(layer, 'down_proj'));
}

/** RMS norm of each head by itself: x [N, heads·hd]. */
function headNorm(g: Graph, c: BaseConfig, x: Value, heads: number, weight: Value): Value {
  const perHead = op.reshape(g, x, ['N', heads, c.headDim]);
  return op.reshape(g, op.rmsNorm(g, perHead, weight, c.epsilon), ['N', heads * c.headDim]);
}

function rotaryConstants(g: Graph, c: BaseConfig): { cos: Value; sin: Value } {
  return g.once('rotary', () => {
    const { cos, sin } = rotaryTables(c, c.maxLength);
    const shape = [c.maxLength, c.headDim / 2];
    return { cos: g.constant(cos, shape), sin: g.constant(sin, shape) };
  });
}

/** Causal attention over whole rows, made of operators that have gradient rules. */
export function causalAttention(g: Graph, c: BaseConfig, q: Value, k: Value, v: Value): Value {
  const group = c.heads / c.kvHeads;
  // Query heads that share a key head are stacked along time, so that keys need not be repeated.
  const queries = op.reshape(
    g,
    op.transpose(g, op.reshape(g, q, ['B', 'T', c.kvHeads, group, c.headDim]), [0, 2, 3, 1, 4]),
    ['B', c.kvHeads, stackedLength(g, group), c.headDim],
  );
  const perHead = (x: Value) => op.transpose(g, op.reshape(g, x, ['B', 'T', c.kvHeads, c.headDim]), [0, 2, 1, 3]);
  const scores = op.matmul(g, queries, perHead(k), { transB: true, alpha: 1 / Math.sqrt(c.headDim) });
  const grouped = op.reshape(g, scores, ['B', c.kvHeads, group, 'T', 'T']);
  const weights = op.softmax(g, op.add(g, grouped, causalMask(g)));
  const stacked = op.reshape(g, weights, ['B', c.kvHeads, stackedLength(g, group), 'T']);
  const mixed = op.reshape(g, op.matmul(g, stacked, perHead(v)), ['B', c.kvHeads, group, 'T', c.headDim]);
  return op.reshape(g, op.transpose(g, mixed, [0, 3, 1, 2, 4]), ['B', 'T', c.heads * c.headDim]);
}

/** The size `group`·T as a named dimension. */
function stackedLength(g: Graph, group: number): string {
  if (group === 1) return 'T';
  return g.once(`stacked:${group}`, () => {
    g.defineSize(`${group}T`, op.mul(g, g.size('T'), g.ints([group])));
    return `${group}T`;
  });
}

/** [T, T]: 0 where a query may look, a large negative number above the diagonal. */
function causalMask(g: Graph): Value {
  return g.once('causalMask', () => {
    const scalarT = g.node('Squeeze', [g.size('T')], [{ type: 'int64', shape: [] }])[0]!;
    const zero = g.constant(BigInt64Array.of(0n), []);
    const one = g.constant(BigInt64Array.of(1n), []);
    const range = g.node('Range', [zero, scalarT, one], [{ type: 'int64', shape: ['T'] }])[0]!;
    const column = g.node('Unsqueeze', [range, g.ints([1])], [{ type: 'int64', shape: ['T', 1] }])[0]!;
    const later = g.node('Greater', [range, column], [{ type: 'bool', shape: ['T', 'T'] }])[0]!;
    const inputs = [later, g.scalar(-1e9), g.scalar(0)];
    return g.node('Where', inputs, [{ type: 'float32', shape: ['T', 'T'] }])[0]!;
  });
}
