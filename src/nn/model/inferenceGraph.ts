import { Graph, type Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { externalProduct, externalWeights, type Product } from './baseWeights.ts';
import type { BaseConfig } from './config.ts';
import { int8ForwardSource } from './int8Tensors.ts';
import { type LinearGroup, linearGroups, linearPaths } from './layout.ts';
import { longTextsAbove } from './rope.ts';
import type { TokenGateShape } from './tokenGates.ts';
import { type TokenGating, tokenGating } from './tokenGating.ts';
import {
  defineBatchSizes,
  finishedLogits,
  isRmsNorm,
  normed,
  normedHeads,
  outputWeight,
  type RotaryTables,
  roleParts,
  rotaryConstants,
  rotated,
  type TransformerParts,
  transformer,
} from './transformer.ts';

/** Inputs that hold the adapter bank of the linear layers that read one input. */
export function bankInputs({ name }: LinearGroup): { A: string; B: string } {
  return { A: `${name}.lora_A`, B: `${name}.lora_B` };
}

/**
 * Inputs of a group's layers that some experts need: what each row of W x is multiplied with, and what is added to it beside
 * the base's bias.
 */
export function rowInputs({ name }: LinearGroup): { factor: string; offset: string } {
  return { factor: `${name}.rowFactor`, offset: `${name}.rowOffset` };
}

/** The input with the gates of groups of so many layers. */
export function gateInput(layers: number): string {
  return `gate.${layers}`;
}

/** The fused attention takes head sizes that are multiples of this; others are padded with zeros, which change nothing. */
const headStep = 8;
/** It rotates heads whose size is a multiple of this. */
const rotaryStep = 16;

/** Width of a head in the cache: the head size, padded to what the fused attention takes. */
export function cacheHeadDim(c: Pick<BaseConfig, 'headDim'>): number {
  return Math.ceil(c.headDim / headStep) * headStep;
}

export const cacheName = (layer: number, kind: 'key' | 'value') => `cache.${layer}.${kind}`;

/** What an inference graph can compute beside the base. */
export interface InferenceParts {
  adapted: boolean;
  rowEffects?: boolean;
  tokenGates?: TokenGateShape;
}

/**
 * Prefill and decode in one graph: prefill executes it on the many tokens of a prompt, a decode step on one. Layers that
 * read the same input are one product, of the base and of the bank.
 *
 * Inputs: `ids`, `positions` [B, T] int64; `logitRows` [M] int64, positions of the flattened batch whose logits are
 * wanted; `lastPositions` [B] int32, tokens in each row's cache after this execution, minus one; `totalLength` int32 scalar,
 * the largest of those counts; per layer `cache.L.key`, `cache.L.value` [B, KV, P, cacheHeadDim]. With `adapted`, the bank: R the sum of the ranks of the experts in it, G the number
 * of layers in a group, per group `GROUP.lora_A` [S, G·R, in] and `GROUP.lora_B`, transposed, [S, G·R, out], which is zero
 * outside a row's own layer; and for each G `gate.G` [B, 1, G·R]. S is 1 where all rows of the batch read one stack, in
 * which their gates choose, or B where each reads its own expert. With `rowEffects`, per group `GROUP.rowFactor` and
 * `GROUP.rowOffset` [B, 1, out]. With `tokenGates`, what `tokenGating` reads: its gates are added to those of the rows.
 * Outputs: `logits` [M, vocab], with `tokenGates` `shares` [B, T, E], and the caches with the new keys and values in them. With `wholeCaches` each as
 * `cache.L.key.out`, `cache.L.value.out`: for a device that keeps them. Without, as onnxruntime-node copies every
 * output, `cache.written` [2·layers, W, cacheHeadDim] has the new rows alone, of each layer keys and then values; the
 * input `writtenRows` [1, W, 3] int64 says where they stand in a cache [B, KV, P, cacheHeadDim].
 */
export function buildInferenceGraph(
  c: BaseConfig,
  tensors: ReadonlyMap<string, TensorPlace>,
  { adapted, rowEffects = false, tokenGates, wholeCaches }: InferenceParts & { wholeCaches: boolean },
): Graph {
  const g = new Graph();
  const ids = g.input('ids', 'int64', ['B', 'T']);
  const positions = g.input('positions', 'int64', ['B', 'T']);
  defineBatchSizes(g, ids);
  const weight = externalWeights(g, tensors);
  const product = externalProduct(g, int8ForwardSource(c, tensors));
  const groups = new Map(linearGroups(c).map(group => [group.layers[0]!.path, group]));
  const gating = tokenGates && tokenGating(g, tokenGates);
  const project: Projection = (x, firstPath) => {
    const group = groups.get(firstPath)!;
    const y = (rowEffects ? scaledLinear : joinedLinear)(g, group, weight, product, x);
    return adapted ? addBank(g, group, x, y, gating?.gate) : y;
  };
  const written: Value[] = [];
  const keep: KeepCache = wholeCaches
    ? (...caches) => void g.outputs.push(...caches)
    : (...caches) => void written.push(...caches.map(cache => writtenRows(g, cache)));
  const parts: TransformerParts = {
    weight,
    linears: (x, paths) => {
      const { layers } = groups.get(paths[0]!)!;
      const sizes = layers.map(l => l.out);
      return op.split(g, project(x, paths[0]!), sizes, 2);
    },
    attention: cachedAttention(g, c, weight, project, positions, keep),
    addNorm: (x, y, norm) => {
      if (norm && isRmsNorm(c)) return op.addRmsNorm(g, x, y, norm.weight, c.epsilon);
      const sum = op.add(g, x, y);
      return [sum, norm ? normed(g, c, sum, norm) : sum];
    },
  };
  const hidden = transformer(g, c, parts, ids, ['B', 'T']);
  const wanted = op.gatherRows(g, op.reshape(g, hidden, ['N', c.dim]), g.input('logitRows', 'int64', ['M']));
  g.output('logits', finishedLogits(g, c, product(wanted, [outputWeight(c)])));
  gating?.finish();
  if (!wholeCaches) g.output('cache.written', op.concat(g, written, 0));
  return g;
}

/** x [B, T, in] → the results of a whole group, named by its first layer, side by side: [B, T, out]. */
type Projection = (x: Value, firstPath: string) => Value;

/** The base's layers of one group as one product. */
function joinedLinear(
  g: Graph,
  { layers }: LinearGroup,
  weight: TransformerParts['weight'],
  product: Product,
  x: Value,
): Value {
  const biases = layers[0]!.bias ? layers.map(l => weight(`${l.path}.bias`)) : undefined;
  const weights = layers.map(l => `${l.path}.weight`);
  return product(x, weights, biases && op.concat(g, biases, 0));
}

/** W x ⊙ factor + bias + offset, of one group as one product. */
function scaledLinear(
  g: Graph,
  group: LinearGroup,
  weight: TransformerParts['weight'],
  product: Product,
  x: Value,
): Value {
  const { layers } = group;
  const names = rowInputs(group);
  const [factor, offset] = [names.factor, names.offset].map(name => g.input(name, 'float32', ['B', 1, group.out])) as [
    Value,
    Value,
  ];
  const y = product(
    x,
    layers.map(l => `${l.path}.weight`),
  );
  const biases = layers[0]!.bias ? layers.map(l => weight(`${l.path}.bias`)) : undefined;
  return op.add(g, op.mul(g, y, factor), biases ? op.add(g, offset, op.concat(g, biases, 0)) : offset);
}

/** Makes outputs of a layer's caches with the new keys and values in them, [B, KV, P, width] each. */
type KeepCache = (keys: Value, values: Value) => void;

/** The rows of a cache that this execution has written: [1, W, width]. */
function writtenRows(g: Graph, cache: Value): Value {
  const places = g.once('writtenRows', () => g.input('writtenRows', 'int64', [1, 'W', 3]));
  return g.node('GatherND', [cache, places], [{ type: cache.type, shape: [1, 'W', cache.shape[3]!] }])[0]!;
}

/** y + ((x Aᵀ) ⊙ gate) B */
function addBank(g: Graph, group: LinearGroup, x: Value, y: Value, ofTokens?: TokenGating): Value {
  const names = bankInputs(group);
  const count = group.layers.length;
  const rank = `${count}R`;
  const ofRows = g.once(gateInput(count), () => g.input(gateInput(count), 'float32', ['B', 1, rank]));
  const gate = ofTokens ? op.add(g, ofTokens(group, x), ofRows) : ofRows;
  const A = g.input(names.A, 'float32', ['S', rank, group.in]);
  const B = g.input(names.B, 'float32', ['S', rank, group.out]);
  return op.add(g, y, op.projectBack(g, op.mul(g, op.project(g, x, A), gate), B));
}

/**
 * Grouped-query attention over a cache (Ainslie et al. 2023), as onnxruntime's fused operator. It rotates queries and
 * keys, and writes the new keys and values behind those already in the cache, row by row, so that rows of different
 * length share a batch.
 */
function cachedAttention(
  g: Graph,
  c: BaseConfig,
  weight: TransformerParts['weight'],
  project: Projection,
  positions: Value,
  keep: KeepCache,
): TransformerParts['attention'] {
  const lastPositions = g.input('lastPositions', 'int32', ['B']);
  const totalLength = g.input('totalLength', 'int32', []);
  const width = cacheHeadDim(c);
  for (const layer of c.layerTypes.keys()) rotaryConstants(g, c, layer);

  /** Whether the operator rotates: not every kernel of it takes the rows of the tables from the positions. */
  const rotatesInside = ({ rope }: RotaryTables) =>
    c.headDim % rotaryStep === 0 && rope.dim % rotaryStep === 0 && longTextsAbove(c) === undefined;

  /** The operator's query, key and value: one joined tensor, or three where norms or a rotation come before it. */
  const operands = (layer: number, h: Value, tables: RotaryTables | undefined): (Value | undefined)[] => {
    const joined = project(h, linearPaths(c, layer, 'qkv')[0]!);
    const rotatesBefore = tables !== undefined && !rotatesInside(tables);
    if (!c.qkNorm && !c.qkvByHead && !rotatesBefore && c.headDim === width) return [joined, undefined, undefined];
    const [q, k, v] = roleParts(g, c, 'qkv', joined) as [Value, Value, Value];
    const heads = [normedHeads(g, c, { weight }, layer, 'q', q), normedHeads(g, c, { weight }, layer, 'k', k), v];
    return heads.map((x, i) => {
      const kind = (['q', 'k'] as const)[i];
      const turned = kind && rotatesBefore ? rotated(g, c, tables, kind, x, positions) : x;
      return resizeHeads(g, turned, (x.shape[2] as number) / c.headDim, c.headDim, width);
    });
  };

  return (layer, h) => {
    const cacheShape = ['B', c.kvHeads, 'P', width];
    const [key, value] = (['key', 'value'] as const).map(kind =>
      g.input(cacheName(layer, kind), 'float32', cacheShape),
    ) as [Value, Value];
    const tables = rotaryConstants(g, c, layer);
    const inside = tables && rotatesInside(tables) ? tables : undefined;
    const { window } = c.layerTypes[layer]!;
    const { attention, attentionCap } = c.factors;
    const [mixed, nextKey, nextValue] = g.node(
      'GroupQueryAttention',
      [
        ...operands(layer, h, tables),
        ...[key, value, lastPositions, totalLength],
        ...(inside ? [inside.cos, inside.sin, positions] : []),
      ],
      [
        { type: 'float32', shape: ['B', 'T', c.heads * width] },
        { type: 'float32', shape: cacheShape },
        { type: 'float32', shape: cacheShape },
      ],
      {
        num_heads: c.heads,
        kv_num_heads: c.kvHeads,
        scale: { float: attention },
        do_rotary: inside ? 1 : 0,
        ...(inside && c.interleaved ? { rotary_interleaved: 1 } : {}),
        ...(window === undefined ? {} : { local_window_size: window }),
        ...(attentionCap === undefined ? {} : { softcap: { float: attentionCap } }),
      },
      'com.microsoft',
      [`attention.${layer}`, `${cacheName(layer, 'key')}.out`, `${cacheName(layer, 'value')}.out`],
    );
    keep(nextKey!, nextValue!);
    return resizeHeads(g, mixed!, c.heads, width, c.headDim);
  };
}

/** x [B, T, heads·from] → [B, T, heads·to]: pads each head with zeros, or cuts its last numbers off. */
function resizeHeads(g: Graph, x: Value, heads: number, from: number, to: number): Value {
  if (from === to) return x;
  const perHead = op.reshape(g, x, ['B', 'T', heads, from]);
  const shape = ['B', 'T', heads, to];
  // A negative amount cuts.
  const amounts = g.ints([0, 0, 0, 0, 0, 0, 0, to - from]);
  const resized = g.node('Pad', [perHead, amounts], [{ type: 'float32', shape }])[0]!;
  return op.reshape(g, resized, ['B', 'T', heads * to]);
}
