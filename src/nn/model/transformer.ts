import type { Dim, Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { BaseConfig } from './config.ts';
import { linearPath } from './layout.ts';
import { rotaryTables } from './rope.ts';

/*
 * Dimensions: B rows of the batch, T tokens a row, N = B·T, dim width, H query heads, KV key/value heads,
 * hd head size. Between layers activations are [B, T, dim], or flat, [N, dim], where every projection is to be one Gemm:
 * `…` stands for the axes before the last.
 */

/** What differs between the graphs that share the forward pass. */
export interface TransformerParts {
  /** A weight of the base in F32, by its name in the checkpoint. */
  weight(name: string): Value;
  /** Linear layers that read the same x […, in], with whatever adapters they carry → […, out] each. */
  linears(x: Value, paths: string[]): Value[];
  /** What the projections of block `layer` read, […, dim] → what `o_proj` reads, […, H·hd]. */
  attention(layer: number, h: Value): Value;
  /** x + y, and its norm; each […, dim]. */
  addNorm(x: Value, y: Value, weight: Value): [sum: Value, normed: Value];
}

/** Declares the sizes B, T and N of a graph over `ids` [B, T]. */
export function defineBatchSizes(g: Graph, ids: Value): void {
  const shape = g.node('Shape', [ids], [{ type: 'int64', shape: [2] }])[0]!;
  const [b, t] = op.split(g, shape, [1, 1], 0) as [Value, Value];
  g.defineSize('B', b);
  g.defineSize('T', t);
  g.defineSize('N', op.mul(g, b, t));
}

/** The decoder without its output projection: ids [B, T] → hidden […, dim], after the final norm. */
export function transformer(
  g: Graph,
  c: BaseConfig,
  parts: TransformerParts,
  ids: Value,
  axes: readonly Dim[] = ['N'],
): Value {
  const embedding = parts.weight('model.embed_tokens.weight');
  const norm = (layer: number, name: string) => parts.weight(`model.layers.${layer}.${name}_layernorm.weight`);
  let x = op.gatherWeightRows(g, embedding, op.reshape(g, ids, [...axes]));
  let h = op.rmsNorm(g, x, norm(0, 'input'), c.epsilon);
  for (let layer = 0; layer < c.layers; layer++) {
    const [mixed] = parts.linears(parts.attention(layer, h), [linearPath(layer, 'o_proj')]);
    [x, h] = parts.addNorm(x, mixed!, norm(layer, 'post_attention'));
    const next = layer + 1 < c.layers ? norm(layer + 1, 'input') : parts.weight('model.norm.weight');
    [x, h] = parts.addNorm(x, mlpBlock(g, parts, layer, h), next);
  }
  return h;
}

/** The weight [vocab, dim] that turns hidden states into logits. */
export function outputWeight(c: Pick<BaseConfig, 'tied'>): string {
  return c.tied ? 'model.embed_tokens.weight' : 'lm_head.weight';
}

/** Rows of hidden states [M, dim] → logits [M, vocab]. */
export function outputProjection(g: Graph, c: BaseConfig, parts: TransformerParts, hidden: Value): Value {
  return op.gemm(g, hidden, parts.weight(outputWeight(c)), { transB: true });
}

function mlpBlock(g: Graph, parts: TransformerParts, layer: number, h: Value): Value {
  const [gate, up] = parts.linears(h, [linearPath(layer, 'gate_proj'), linearPath(layer, 'up_proj')]);
  return parts.linears(op.mul(g, op.silu(g, gate!), up!), [linearPath(layer, 'down_proj')])[0]!;
}

type Weights = Pick<TransformerParts, 'weight'>;

/** Queries or keys, each head normed by itself where the architecture does that: x […, heads·hd] → the same shape. */
export function headNorm(
  g: Graph,
  c: BaseConfig,
  { weight }: Weights,
  layer: number,
  kind: 'q' | 'k',
  x: Value,
): Value {
  if (!c.qkNorm) return x;
  const perHead = op.reshape(g, x, [...x.shape.slice(0, -1), kind === 'q' ? c.heads : c.kvHeads, c.headDim]);
  const normed = op.rmsNorm(g, perHead, weight(`model.layers.${layer}.self_attn.${kind}_norm.weight`), c.epsilon);
  return op.reshape(g, normed, x.shape);
}

/** Attention over whole rows from what the projections read, made of operators that have gradient rules. */
export function rowAttention(
  g: Graph,
  c: BaseConfig,
  parts: Omit<TransformerParts, 'attention'>,
  positions: Value,
): TransformerParts['attention'] {
  return (layer, h) => {
    const paths = (['q_proj', 'k_proj', 'v_proj'] as const).map(name => linearPath(layer, name));
    const [q, k, v] = parts.linears(h, paths) as [Value, Value, Value];
    const { cos, sin } = rotaryConstants(g, c);
    const rows = (x: Value) => op.reshape(g, x, ['B', 'T', x.shape[1]!]);
    const rotate = (kind: 'q' | 'k', x: Value) =>
      op.rotary(g, rows(headNorm(g, c, parts, layer, kind, x)), positions, cos, sin);
    return op.reshape(g, causalAttention(g, c, rotate('q', q), rotate('k', k), rows(v)), ['N', c.heads * c.headDim]);
  };
}

export function rotaryConstants(g: Graph, c: BaseConfig): { cos: Value; sin: Value } {
  return g.once('rotary', () => {
    const { cos, sin } = rotaryTables(c, c.maxLength);
    const shape = [c.maxLength, c.headDim / 2];
    return { cos: g.constant(cos, shape), sin: g.constant(sin, shape) };
  });
}

/** q [B, T, H·hd], k and v [B, T, KV·hd] → [B, T, H·hd]. */
function causalAttention(g: Graph, c: BaseConfig, q: Value, k: Value, v: Value): Value {
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
