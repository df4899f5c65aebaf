import { Graph, type Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { externalWeights, type TensorPlace } from './baseWeights.ts';
import type { BaseConfig } from './config.ts';
import { type LinearLayer, linearLayers } from './layout.ts';
import { defineBatchSizes, outputProjection, transformer } from './transformer.ts';

/** Inputs that hold the adapter bank of one linear layer. */
export function bankInputs(path: string): { A: string; B: string } {
  return { A: `${path}.lora_A`, B: `${path}.lora_B` };
}

/** The fused attention takes head sizes that are multiples of this; others are filled up with zeros, which add nothing. */
const headStep = 8;

/** Width of a head in the cache: the head size, filled up to what the fused attention takes. */
export function cacheHeadDim(c: Pick<BaseConfig, 'headDim'>): number {
  return Math.ceil(c.headDim / headStep) * headStep;
}

export const cacheName = (layer: number, kind: 'key' | 'value') => `cache.${layer}.${kind}`;

/**
 * Prefill and decode in one graph: a prompt is a run of many tokens, a decode step a run of one.
 *
 * Inputs: `ids`, `positions` [B, T] int64; `logitRows` [M] int64, positions of the flattened batch whose logits are
 * wanted; `lastPositions` [B] int32, tokens in each row's cache after this run, minus one; `totalLength` int32 scalar,
 * the largest of those counts; per layer `cache.L.key`, `cache.L.value` [B, KV, P, cacheHeadDim], overwritten in place when the
 * same tensors are given as outputs; where `adapted` lists linear layers, their bank `PATH.lora_A` [R, in] and
 * `PATH.lora_B`, transposed, [R, out], and `gate` [B, 1, R].
 * Outputs: `logits` [M, vocab]; `cache.L.key.out`, `cache.L.value.out`.
 */
export function buildInferenceGraph(
  c: BaseConfig,
  tensors: ReadonlyMap<string, TensorPlace>,
  adapted: ReadonlySet<string>,
): Graph {
  const g = new Graph();
  const ids = g.input('ids', 'int64', ['B', 'T']);
  const positions = g.input('positions', 'int64', ['B', 'T']);
  defineBatchSizes(g, ids);
  const weight = externalWeights(g, tensors);
  const layers = new Map<string, LinearLayer>(linearLayers(c).map(l => [l.path, l]));
  const gates = adapted.size > 0 ? tokenGates(g) : undefined;

  const linear = (x: Value, path: string): Value => {
    const layer = layers.get(path)!;
    const bias = layer.bias ? weight(`${path}.bias`) : undefined;
    const y = op.gemm(g, x, weight(`${path}.weight`), { transB: true }, bias);
    if (!gates || !adapted.has(path)) return y;
    const bank = bankInputs(path);
    const A = g.input(bank.A, 'float32', ['R', layer.in]);
    const B = g.input(bank.B, 'float32', ['R', layer.out]);
    return op.gemm(g, op.mul(g, op.gemm(g, x, A, { transB: true }), gates), B, {}, y);
  };
  const attention = cachedAttention(g, c);
  const parts = { weight, linear, attention };
  const hidden = transformer(g, c, parts, ids, positions);
  const wanted = op.gatherRows(g, hidden, g.input('logitRows', 'int64', ['M']));
  g.output('logits', outputProjection(g, c, parts, wanted));
  return g;
}

/** gate [B, 1, R] → one row per token, [N, R]. */
function tokenGates(g: Graph): Value {
  const gate = g.input('gate', 'float32', ['B', 1, 'R']);
  const r = g.node('Shape', [gate], [{ type: 'int64', shape: [1] }], { start: 2, end: 3 })[0]!;
  g.defineSize('R', r);
  const expanded = g.node(
    'Expand',
    [gate, g.shapeValue(['B', 'T', 'R'])],
    [{ type: 'float32', shape: ['B', 'T', 'R'] }],
  )[0]!;
  return op.reshape(g, expanded, ['N', 'R']);
}

/**
 * Grouped-query attention over a cache (Ainslie et al. 2023), as onnxruntime's fused operator. It writes the new keys
 * and values behind those already in the cache, row by row, so that rows of different length share a batch.
 */
function cachedAttention(g: Graph, c: BaseConfig) {
  const lastPositions = g.input('lastPositions', 'int32', ['B']);
  const totalLength = g.input('totalLength', 'int32', []);
  const width = cacheHeadDim(c);
  return (layer: number, q: Value, k: Value, v: Value): Value => {
    const cacheShape = ['B', c.kvHeads, 'P', width];
    const [key, value] = (['key', 'value'] as const).map(kind =>
      g.input(cacheName(layer, kind), 'float32', cacheShape),
    ) as [Value, Value];
    const [mixed, nextKey, nextValue] = g.node(
      'GroupQueryAttention',
      [
        resizeHeads(g, q, c.heads, c.headDim, width),
        resizeHeads(g, k, c.kvHeads, c.headDim, width),
        resizeHeads(g, v, c.kvHeads, c.headDim, width),
        ...[key, value, lastPositions, totalLength],
      ],
      [
        { type: 'float32', shape: ['B', 'T', c.heads * width] },
        { type: 'float32', shape: cacheShape },
        { type: 'float32', shape: cacheShape },
      ],
      { num_heads: c.heads, kv_num_heads: c.kvHeads, scale: { float: 1 / Math.sqrt(c.headDim) } },
      'com.microsoft',
      [`attention.${layer}`, `${cacheName(layer, 'key')}.out`, `${cacheName(layer, 'value')}.out`],
    );
    g.outputs.push(nextKey!, nextValue!);
    return resizeHeads(g, mixed!, c.heads, width, c.headDim);
  };
}

/** x [B, T, heads·from] → [B, T, heads·to]: zeros behind the numbers of each head, or the last ones left out. */
function resizeHeads(g: Graph, x: Value, heads: number, from: number, to: number): Value {
  if (from === to) return x;
  const perHead = op.reshape(g, x, ['B', 'T', heads, from]);
  const shape = ['B', 'T', heads, to];
  // A negative amount cuts.
  const amounts = g.ints([0, 0, 0, 0, 0, 0, 0, to - from]);
  const resized = g.node('Pad', [perHead, amounts], [{ type: 'float32', shape }])[0]!;
  return op.reshape(g, resized, ['B', 'T', heads * to]);
}
