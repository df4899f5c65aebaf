import { baseProduct, type FrozenWeight } from '../graph/baseProduct.ts';
import type { Dim, Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { BaseConfig } from './config.ts';
import { type BlockNorms, headNorm, type LinearRole, linearPaths, normPath, roleSizes } from './layout.ts';
import { longTextsAbove, rotaryRows, rotaryTables } from './rope.ts';
import type { Rope } from './ropeConfig.ts';

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
  /** x + y, and its norm, or x + y again without one; each […, dim]. */
  addNorm(x: Value, y: Value, norm?: Norm): [sum: Value, normed: Value];
}

/** What a norm multiplies with and adds. */
export interface Norm {
  weight: Value;
  bias?: Value;
}

/** Additions to the residual stream in a block. */
export const additionsPerBlock = (c: Pick<BaseConfig, 'parallel'>): number => (c.parallel ? 1 : 2);

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
  const embedding = parts.weight(`${c.names.embedding}.weight`);
  const norm = (layer: number, place: keyof BlockNorms) => normOf(g, c, parts, normPath(c, layer, place));
  /** What attention or MLP add to the residual stream. */
  const added = (y: Value, layer: number, place: 'attentionOut' | 'mlpOut') => {
    const own = norm(layer, place);
    return times(g, own ? normed(g, c, y, own) : y, c.factors.residual);
  };
  let x = times(g, op.gatherWeightRows(g, embedding, op.reshape(g, ids, [...axes])), c.factors.embedding);
  const first = norm(0, 'attentionIn');
  let h = first ? normed(g, c, x, first) : x;
  for (let layer = 0; layer < c.layers; layer++) {
    const [mixed] = parts.linears(parts.attention(layer, h), linearPaths(c, layer, 'o'));
    let y = added(mixed!, layer, 'attentionOut');
    if (!c.parallel) [x, h] = parts.addNorm(x, y, norm(layer, 'mlpIn'));
    else {
      const own = norm(layer, 'mlpIn');
      if (own) h = normed(g, c, x, own);
    }
    const next = layer + 1 < c.layers ? norm(layer + 1, 'attentionIn') : finalNorm(g, c, parts);
    const output = added(mlpBlock(g, c, parts, layer, h), layer, 'mlpOut');
    y = c.parallel ? op.add(g, y, output) : output;
    [x, h] = parts.addNorm(x, y, next);
  }
  return h;
}

function times(g: Graph, x: Value, factor: number): Value {
  return factor === 1 ? x : op.mul(g, x, g.scalar(factor));
}

/** The base's norm of this path. */
function normOf(g: Graph, c: BaseConfig, { weight }: Weights, path: string | undefined): Norm | undefined {
  if (path === undefined) return undefined;
  const scale = weight(`${path}.weight`);
  if (c.norm === 'rmsOnePlus') return { weight: g.once(`1+${path}`, () => op.add(g, scale, g.scalar(1))) };
  return c.norm === 'layerWithBias' ? { weight: scale, bias: weight(`${path}.bias`) } : { weight: scale };
}

/** The norm of what the output projection reads. */
export function finalNorm(g: Graph, c: BaseConfig, weights: Weights): Norm {
  return normOf(g, c, weights, c.names.norm)!;
}

/** Whether the base's norms divide by the root of the mean square, and do no more. */
export const isRmsNorm = ({ norm }: Pick<BaseConfig, 'norm'>): boolean => norm === 'rms' || norm === 'rmsOnePlus';

/** The norm of x over its last axis. */
export function normed(g: Graph, c: BaseConfig, x: Value, { weight, bias }: Norm): Value {
  return isRmsNorm(c) ? op.rmsNorm(g, x, weight, c.epsilon) : op.layerNorm(g, x, weight, bias, c.epsilon);
}

/** The name of the weight [vocab, dim] that turns hidden states into logits. */
export function outputWeight({ tied, names }: Pick<BaseConfig, 'tied' | 'names'>): string {
  return `${tied ? names.embedding : names.head}.weight`;
}

/** x Wᵀ + bias for x [N, in] and a weight of the base. */
export type Product = (g: Graph, x: Value, weight: FrozenWeight, bias?: Value) => Value;

/** Rows of hidden states [M, dim] → logits [M, vocab]. */
export function outputProjection(g: Graph, c: BaseConfig, hidden: Value, product: Product = baseProduct): Value {
  return finishedLogits(g, c, product(g, hidden, { name: outputWeight(c), out: c.vocab, in: c.dim }));
}

/** Products with the output projection as logits. */
export function finishedLogits(g: Graph, { factors }: BaseConfig, products: Value): Value {
  return capped(g, times(g, products, factors.logits), factors.logitCap);
}

/** cap · tanh(x / cap), where there is a cap. */
function capped(g: Graph, x: Value, cap: number | undefined): Value {
  return cap === undefined ? x : op.mul(g, op.tanh(g, op.mul(g, x, g.scalar(1 / cap))), g.scalar(cap));
}

const activations: Record<BaseConfig['activation'], (g: Graph, x: Value) => Value> = {
  silu: op.silu,
  gelu: op.gelu,
  gelu_pytorch_tanh: op.geluTanh,
};

function mlpBlock(g: Graph, c: BaseConfig, parts: TransformerParts, layer: number, h: Value): Value {
  const [first, second] = roleOutputs(g, c, parts, h, layer, 'mlp');
  const active = activations[c.activation](g, first!);
  return parts.linears(second ? op.mul(g, active, second) : active, linearPaths(c, layer, 'down'))[0]!;
}

/** What the linear layers of a role give, one for each part, also where one layer gives them all. */
function roleOutputs(
  g: Graph,
  c: BaseConfig,
  parts: Pick<TransformerParts, 'linears'>,
  x: Value,
  layer: number,
  role: LinearRole,
): Value[] {
  const outputs = parts.linears(x, linearPaths(c, layer, role));
  return outputs.length === roleSizes(c, role).length ? outputs : roleParts(g, c, role, outputs[0]!);
}

/** The parts of what the layers of a role give side by side, […, out]. */
export function roleParts(g: Graph, c: BaseConfig, role: LinearRole, joined: Value): Value[] {
  const axis = joined.shape.length - 1;
  if (role !== 'qkv' || !c.qkvByHead) return op.split(g, joined, roleSizes(c, role), axis);
  const lead = joined.shape.slice(0, -1);
  const byHead = op.reshape(g, joined, [...lead, c.heads, 3 * c.headDim]);
  const parts = op.split(g, byHead, [c.headDim, c.headDim, c.headDim], axis + 1);
  return parts.map(part => op.reshape(g, part, [...lead, c.heads * c.headDim]));
}

/** Where a graph gets the base's weights. */
export type Weights = Pick<TransformerParts, 'weight'>;

/** Queries or keys, with the norm that the architecture puts on them: x […, heads·hd] → the same shape. */
export function normedHeads(
  g: Graph,
  c: BaseConfig,
  { weight }: Weights,
  layer: number,
  kind: 'q' | 'k',
  x: Value,
): Value {
  if (!c.qkNorm) return x;
  const { path, size } = headNorm(c, layer, kind);
  const parts = op.reshape(g, x, [...x.shape.slice(0, -1), (x.shape.at(-1) as number) / size, size]);
  return op.reshape(g, normed(g, c, parts, normOf(g, c, { weight }, path)!), x.shape);
}

/** Attention over whole rows from what the projections read, made of operators that have gradient rules. */
export function rowAttention(
  g: Graph,
  c: BaseConfig,
  parts: Omit<TransformerParts, 'attention'>,
  positions: Value,
): TransformerParts['attention'] {
  return (layer, h) => {
    const [q, k, v] = roleOutputs(g, c, parts, h, layer, 'qkv') as [Value, Value, Value];
    const tables = rotaryConstants(g, c, layer);
    const rows = (x: Value) => op.reshape(g, x, ['B', 'T', x.shape[1]!]);
    const rotate = (kind: 'q' | 'k', x: Value) =>
      rotated(g, c, tables, kind, rows(normedHeads(g, c, parts, layer, kind, x)), positions);
    const mixed = causalAttention(g, c, rotate('q', q), rotate('k', k), rows(v), c.layerTypes[layer]!.window);
    return op.reshape(g, mixed, ['N', c.heads * c.headDim]);
  };
}

/**
 * Positions 0 … T−1 of every row, [B, T], in the tables that are for its length. Reads the input `firstPositions` [B, 1] where
 * long texts have tables of their own.
 */
export function rowPositions(g: Graph, c: BaseConfig): Value {
  const t = g.node('Squeeze', [g.size('T')], [{ type: 'int64', shape: [] }])[0]!;
  const [zero, one] = [g.constant(BigInt64Array.of(0n), []), g.constant(BigInt64Array.of(1n), [])];
  const range = g.node('Range', [zero, t, one], [{ type: 'int64', shape: ['T'] }])[0]!;
  if (longTextsAbove(c) !== undefined) return op.add(g, g.input('firstPositions', 'int64', ['B', 1]), range);
  return g.node('Expand', [range, g.shapeValue(['B', 'T'])], [{ type: 'int64', shape: ['B', 'T'] }])[0]!;
}

/** A rotary embedding with its tables, [rotaryRows, dim / 2] each. */
export interface RotaryTables {
  rope: Rope;
  cos: Value;
  sin: Value;
}

/** The tables of a block's rotary embedding; undefined where it has none. */
export function rotaryConstants(g: Graph, c: BaseConfig, layer: number): RotaryTables | undefined {
  const place = c.layerTypes[layer]!.rope;
  if (place === undefined) return undefined;
  return g.once(`rotary.${place}`, () => {
    const rope = c.ropes[place]!;
    const { cos, sin } = rotaryTables(c, rope);
    const shape = [rotaryRows(c), rope.dim / 2];
    return { rope, cos: g.constant(cos, shape), sin: g.constant(sin, shape) };
  });
}

/** Queries or keys [B, T, heads·hd], rotated where the block has a rotary embedding. */
export function rotated(
  g: Graph,
  c: BaseConfig,
  tables: RotaryTables | undefined,
  kind: 'q' | 'k',
  x: Value,
  positions: Value,
): Value {
  if (!tables) return x;
  const { rope, cos, sin } = tables;
  const heads = kind === 'q' ? c.heads : c.kvHeads;
  const part = rope.dim < c.headDim ? { dim: rope.dim, heads } : undefined;
  return op.rotary(g, x, positions, cos, sin, { part, interleaved: c.interleaved });
}

/** q [B, T, H·hd], k and v [B, T, KV·hd] → [B, T, H·hd]. */
function causalAttention(g: Graph, c: BaseConfig, q: Value, k: Value, v: Value, window?: number): Value {
  const group = c.heads / c.kvHeads;
  // Query heads that share a key head are stacked along time, so that keys need not be repeated.
  const queries = op.reshape(
    g,
    op.transpose(g, op.reshape(g, q, ['B', 'T', c.kvHeads, group, c.headDim]), [0, 2, 3, 1, 4]),
    ['B', c.kvHeads, stackedLength(g, group), c.headDim],
  );
  const perHead = (x: Value) => op.transpose(g, op.reshape(g, x, ['B', 'T', c.kvHeads, c.headDim]), [0, 2, 1, 3]);
  const scores = op.matmul(g, queries, perHead(k), { transB: true, alpha: c.factors.attention });
  const grouped = op.reshape(g, capped(g, scores, c.factors.attentionCap), ['B', c.kvHeads, group, 'T', 'T']);
  const weights = op.softmax(g, op.add(g, grouped, window === undefined ? causalMask(g) : windowMask(g, window)));
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

/** Added to the score of a key that a query may not look at. */
const hidden = -1e9;

/** [T, T]: 0 where a query may look, a large negative number above the diagonal. */
function causalMask(g: Graph): Value {
  return g.once('causalMask', () => {
    const { keys, queries } = maskPositions(g);
    const later = g.node('Greater', [keys, queries], [{ type: 'bool', shape: ['T', 'T'] }])[0]!;
    const inputs = [later, g.scalar(hidden), g.scalar(0)];
    return g.node('Where', inputs, [{ type: 'float32', shape: ['T', 'T'] }])[0]!;
  });
}

/** As `causalMask`, and hides what lies `window` tokens or more before the query. */
function windowMask(g: Graph, window: number): Value {
  return g.once(`windowMask.${window}`, () => {
    const causal = causalMask(g);
    const { keys, queries } = maskPositions(g);
    const reach = op.add(g, keys, g.ints([window - 1]));
    const earlier = g.node('Greater', [queries, reach], [{ type: 'bool', shape: ['T', 'T'] }])[0]!;
    return g.node('Where', [earlier, g.scalar(hidden), causal], [{ type: 'float32', shape: ['T', 'T'] }])[0]!;
  });
}

/** The places of keys, [T], and of queries, [T, 1]. */
function maskPositions(g: Graph): { keys: Value; queries: Value } {
  return g.once('maskPositions', () => {
    const scalarT = g.node('Squeeze', [g.size('T')], [{ type: 'int64', shape: [] }])[0]!;
    const zero = g.constant(BigInt64Array.of(0n), []);
    const one = g.constant(BigInt64Array.of(1n), []);
    const keys = g.node('Range', [zero, scalarT, one], [{ type: 'int64', shape: ['T'] }])[0]!;
    const queries = g.node('Unsqueeze', [keys, g.ints([1])], [{ type: 'int64', shape: ['T', 1] }])[0]!;
    return { keys, queries };
  });
}
