import { gradients } from '../autodiff/gradients.ts';
import { baseProduct, type FrozenWeight } from '../graph/baseProduct.ts';
import { Graph, type Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { lowerProducts } from '../model/baseWeights.ts';
import type { BaseConfig } from '../model/config.ts';
import { type LinearGroup, type LinearLayer, linearGroups, linearLayers } from '../model/layout.ts';
import {
  additionsPerBlock,
  defineBatchSizes,
  type Norm,
  normed,
  outputProjection,
  outputWeight,
  type Product,
  rowAttention,
  rowPositions,
  transformer,
} from '../model/transformer.ts';
import type { Int8Source } from '../quant/int8Products.ts';
import { adamW, hyperNames } from './adamw.ts';

/** Tensors that are trained together: one optimiser state, one clip, one learning rate. */
export interface ParameterGroup {
  name: string;
  /** In the order in which they lie in the group's flat vector. */
  tensors: { name: string; shape: number[] }[];
  /** Decoupled weight decay applies. */
  decays: boolean;
  /** Groups with the same name here are clipped by their common norm. */
  clipWith: string;
  /** Multiples of the learning rate, one for each tensor; 1 without it. */
  rates?: number[];
  /** What of the weight decay each tensor gets, 0 or 1; all of it without this. */
  decayShares?: number[];
}

/** An expert as the training graph sees it. */
export interface TrainedExpert {
  name: string;
  rank: number;
  /** Module paths that carry factors. */
  targets: string[];
  /** Ranks of targets that have another, by path. */
  ranks?: Readonly<Record<string, number>>;
  /** What B is multiplied with besides the gate, by path: a target's scaling as a share of the expert's. 1 without it. */
  ratios?: Readonly<Record<string, number>>;
  /** Magnitudes are trained too (DoRA); the scaling that the gate has in the expert's rows. */
  dora?: { scaling: number };
  /** Biases that are trained too, as PEFT has it: of the layers with factors, or of all linear layers. */
  bias?: 'lora_only' | 'all';
  /** Learning rate of B, of magnitudes and of biases, as a multiple of A's (LoRA+, Hayou et al. 2024, arXiv:2402.12354). */
  loraPlusRatio?: number;
}

/** What a graph computes: losses alone, gradients that are added to earlier ones, or the whole step with the update. */
export type TrainPhase = 'evaluate' | 'accumulate' | 'step';

export interface TrainGraphOptions {
  config: BaseConfig;
  experts: TrainedExpert[];
  /** The frozen weights by name; those of `baseGroups` are not asked for. */
  weights: (g: Graph) => (name: string) => Value;
  /** Groups of trained base weights; usually none. */
  baseGroups?: ParameterGroup[];
  phase: TrainPhase;
  /** Masks on the adapters' inputs come in as inputs. */
  dropout: boolean;
  /** Gradient checkpointing of each block: a quarter to a third slower, in far less memory. */
  recompute?: boolean;
  /** What depends on factors and is read by the backward pass is stored in half floats until then. */
  halfActivations?: boolean;
  /**
   * Each product upcasts its 16-bit weight anew: somewhat slower, in half the memory. The weight of the vocabulary is
   * excepted: its F32 copy is too large to stand beside the others even for a moment.
   */
  upcastsAtUse?: boolean;
  /** For products with frozen weights in 8 bits; in F32 without it. */
  int8?: Int8Source | undefined;
}

/** Number of elements of a group. */
export function groupSize(group: ParameterGroup): number {
  return group.tensors.reduce((sum, t) => sum + t.shape.reduce((a, b) => a * b, 1), 0);
}

/** Names of one expert's factors, as in PEFT without its prefix. */
export function factorName(path: string, factor: 'A' | 'B'): string {
  return `${path}.lora_${factor}.weight`;
}

export function magnitudeName(path: string): string {
  return `${path}.lora_magnitude_vector`;
}

/** A trained bias, as PEFT calls it without its prefix: that of a layer with factors lies within the adapted module. */
export function trainedBiasName({ targets }: Pick<TrainedExpert, 'targets'>, path: string): string {
  return `${path}${targets.includes(path) ? '.base_layer' : ''}.bias`;
}

/** The layers whose biases an expert trains, in the order of the forward pass. */
export function biasLayers(
  config: BaseConfig,
  { bias, targets }: Pick<TrainedExpert, 'bias' | 'targets'>,
): LinearLayer[] {
  if (bias === undefined) return [];
  return linearLayers(config).filter(l => l.bias && (bias === 'all' || targets.includes(l.path)));
}

export function rankAt({ rank, ranks }: Pick<TrainedExpert, 'rank' | 'ranks'>, path: string): number {
  return ranks?.[path] ?? rank;
}

/** The layers that carry an expert's factors, in the order of the forward pass. */
export function expertLayers(config: BaseConfig, { targets }: Pick<TrainedExpert, 'targets'>): LinearLayer[] {
  const wanted = new Set(targets);
  return linearLayers(config).filter(l => wanted.has(l.path));
}

/**
 * The flat vector of one expert: A [rank, in], B [out, rank] and with DoRA the magnitude [out] of each target in the order of
 * the forward pass, then the biases [out] that are trained. With LoRA+ all but A have the higher rate, as PEFT's
 * create_loraplus_optimizer has it; biases do not decay, as in transformers' Trainer.
 */
export function expertGroup(config: BaseConfig, expert: TrainedExpert): ParameterGroup {
  const factors = expertLayers(config, expert).flatMap(l => [
    { name: factorName(l.path, 'A'), shape: [rankAt(expert, l.path), l.in] },
    { name: factorName(l.path, 'B'), shape: [l.out, rankAt(expert, l.path)] },
    ...(expert.dora ? [{ name: magnitudeName(l.path), shape: [l.out] }] : []),
  ]);
  const biases = biasLayers(config, expert).map(l => ({ name: trainedBiasName(expert, l.path), shape: [l.out] }));
  const tensors = [...factors, ...biases];
  const { loraPlusRatio = 1 } = expert;
  const rates = tensors.map(({ name }) => (name.endsWith('lora_A.weight') ? 1 : loraPlusRatio));
  return {
    name: expert.name,
    tensors,
    decays: true,
    clipWith: expert.name,
    ...(loraPlusRatio !== 1 && { rates }),
    ...(biases.length > 0 && { decayShares: tensors.map((_, i) => (i < factors.length ? 1 : 0)) }),
  };
}

/** The input with the norms of the rows of W + scaling · B · A of an expert with magnitudes: those of all its layers. */
export function normsInput(expert: string): string {
  return `${expert}.norms`;
}

/** The sites where adapters read their input; linears that share an input share a dropout mask. */
export function dropoutSites(config: BaseConfig): { name: string; size: number }[] {
  return linearGroups(config).map(group => ({ name: dropoutSite(group), size: group.in }));
}

/** Called after the first of the layers. */
function dropoutSite({ layers: [first] }: LinearGroup): string {
  return `dropout.${first!.layer}.${first!.name}`;
}

/**
 * One graph: forward pass, masked cross entropy, backward pass for the trained tensors alone, global-norm
 * clipping and AdamW. The frozen base gets no weight gradients.
 *
 * Inputs: `ids` [B, T] int64; `gate` [B, E], the scaling on the row's own expert and 0 elsewhere;
 * `lossRows` [M] int64, the positions in the flattened batch that predict a trained token; `labels` [M] int64;
 * `lossWeights` [M, L], the share of each token in each of the L losses; `firstPositions` [B, 1] int64 where long texts have
 * rotary tables of their own (`firstPosition`); per group G: `G` [P], and for the step
 * `G.m`, `G.v` [P], `G.hyper`; `G.sum` [P] to accumulate; `G.norms` [Σ out] for experts with magnitudes.
 * Outputs: `losses` [L]; per group `G.sum.out`, or `G.out`, `G.m.out`, `G.v.out`; `norms` [clip groups].
 */
export function buildTrainGraph(o: TrainGraphOptions): Graph {
  const g = new Graph();
  const frozen = o.weights(g);
  addTraining(g, o, frozen);
  lowerProducts(g, frozen, { halves: upcastWeights(o), int8: o.int8 });
  return g;
}

/** Weights in 16 bits that each product upcasts anew. With products in 8 bits, what is left of them is read once. */
function upcastWeights({ config, upcastsAtUse, int8 }: TrainGraphOptions): ReadonlySet<string> | undefined {
  if (int8) return new Set([outputWeight(config)]);
  return upcastsAtUse ? new Set(linearLayers(config).map(l => `${l.path}.weight`)) : undefined;
}

function addTraining(g: Graph, o: TrainGraphOptions, frozen: (name: string) => Value): void {
  const c = o.config;
  const ids = g.input('ids', 'int64', ['B', 'T']);
  defineBatchSizes(g, ids);
  const groups = [...(o.baseGroups ?? []), ...o.experts.map(e => expertGroup(c, e))];
  const flat = groups.map(group => g.input(group.name, 'float32', [groupSize(group)]));
  const tensors = groups.map((group, i) => unflatten(g, flat[i]!, group));

  const trainedBase = new Map((o.baseGroups ?? []).flatMap((_, i) => [...tensors[i]!]));
  const weight = (name: string) => trainedBase.get(name) ?? frozen(name);
  const product: Product = (_, x, matrix, bias) => {
    const trained = trainedBase.get(matrix.name);
    return trained ? op.gemm(g, x, trained, { transB: true }, bias) : baseProduct(g, x, matrix, bias);
  };
  const factors = tensors.slice(o.baseGroups?.length ?? 0);
  const layers = new Map(linearGroups(c).flatMap(group => group.layers.map(l => [l.path, { ...l, group }])));
  const gates = o.experts.length > 0 ? tokenGates(g, o.experts) : undefined;
  const rowFactors = magnitudeFactors(g, o, factors);

  /** The experts that adapt a layer. */
  const activeAt = (path: string) => o.experts.flatMap((e, i) => (e.targets.includes(path) ? [i] : []));
  /** What the factors of a layer read. */
  const readAt = (x: Value, path: string): Value => {
    const { group, in: width } = layers.get(path)!;
    return o.dropout ? op.mul(g, x, dropoutMask(g, dropoutSite(group), width)) : x;
  };
  /** A x ⊙ gate of these layers, side by side, [N, Σ rank]. */
  const inner = (read: Value, paths: string[]): Value => {
    const all = paths.flatMap(path => activeAt(path).map(i => ({ i, path })));
    const A = all.map(({ i, path }) => factors[i]!.get(factorName(path, 'A'))!);
    const gate = gates!.columns(all.map(({ i, path }) => [i, rankAt(o.experts[i]!, path)]));
    return op.mul(g, op.gemm(g, read, op.concat(g, A, 0), { transB: true }), gate);
  };
  /**
   * Layers that read the same x. Where products with the base are in 8 bits, those with A are one for all of them: products with
   * few columns are slow. In F32 they stay apart, because one for all may end in other bits.
   */
  const linears = (x: Value, paths: string[]): Value[] => {
    const adapted = paths.filter(path => activeAt(path).length > 0);
    if (!o.int8 || adapted.length < 2) return paths.map(path => linear(x, path));
    const read = readAt(x, adapted[0]!);
    const ranks = adapted.map(path => activeAt(path).reduce((sum, i) => sum + rankAt(o.experts[i]!, path), 0));
    const inners = op.split(g, inner(read, adapted), ranks, 1);
    return paths.map(path => linear(x, path, { read, inner: inners[adapted.indexOf(path)] }));
  };
  const linear = (x: Value, path: string, given?: { read: Value; inner: Value | undefined }): Value => {
    const layer = layers.get(path)!;
    const bias = layer.bias ? biasOf(path) : undefined;
    const matrix = { name: `${path}.weight`, out: layer.out, in: layer.in };
    const active = activeAt(path);
    const scaled = active.filter(i => o.experts[i]!.dora);
    const own = product(g, x, matrix, scaled.length === 0 ? bias : undefined);
    if (active.length === 0) return withTrainedBiases(own, path);
    const B = op.concat(
      g,
      active.map(i => {
        const ratio = o.experts[i]!.ratios?.[path] ?? 1;
        const own = factors[i]!.get(factorName(path, 'B'))!;
        const B = ratio === 1 ? own : op.mul(g, own, g.scalar(ratio));
        return scaled.includes(i) ? op.mul(g, B, op.reshape(g, rowFactors(i, path), [layer.out, 1])) : B;
      }),
      1,
    );
    const read = given?.read ?? readAt(x, path);
    const y = scaled.length === 0 ? own : scaleRows(own, read, matrix, path, scaled);
    const low = given?.inner ?? inner(read, [path]);
    return withTrainedBiases(op.gemm(g, low, B, { transB: true }, y), path);
  };
  /** The bias that is added to every row: the base's, or that of the one expert that trains it. */
  const biasOf = (path: string): Value => (o.experts.length === 1 && ownBias(0, path)) || weight(`${path}.bias`);
  const ownBias = (expert: number, path: string) => factors[expert]!.get(trainedBiasName(o.experts[expert]!, path));
  /** Where several experts share a batch: how far each one's bias is from the base's, in its rows. */
  const withTrainedBiases = (y: Value, path: string): Value => {
    const own = o.experts.flatMap((_, i) => (o.experts.length > 1 && ownBias(i, path) ? [i] : []));
    if (own.length === 0) return y;
    const base = weight(`${path}.bias`);
    const offsets = own.map(i => op.reshape(g, op.sub(g, ownBias(i, path)!, base), [1, layers.get(path)!.out]));
    return op.gemm(g, gates!.isOf(own), op.concat(g, offsets, 0), {}, y);
  };
  /**
   * W x + (c − 1) ⊙ W x of the tokens of experts with magnitudes, and the bias. As in PEFT, the second term reads x with
   * dropout, as the factors do.
   */
  const scaleRows = (once: Value, read: Value, matrix: FrozenWeight, path: string, scaled: number[]): Value => {
    const { bias } = layers.get(path)!;
    const isAlone = o.experts.length === 1;
    const own = scaled.map(i => op.reshape(g, rowFactors(i, path), [1, layers.get(path)!.out]));
    let y: Value;
    if (isAlone && !o.dropout) y = op.mul(g, once, own[0]!);
    else {
      const steps = op.sub(g, op.concat(g, own, 0), g.scalar(1));
      const perToken = isAlone ? steps : op.gemm(g, gates!.isOf(scaled), steps);
      const again = o.dropout ? product(g, read, matrix) : once;
      y = op.add(g, once, op.mul(g, perToken, again));
    }
    return bias ? op.add(g, y, biasOf(path)) : y;
  };
  /** The residual stream: the embeddings, and after each addition. */
  const stream: Value[] = [];
  const layerParts = {
    weight,
    linears,
    addNorm: (x: Value, y: Value, norm?: Norm): [Value, Value] => {
      if (stream.length === 0) stream.push(x);
      const sum = op.add(g, x, y);
      stream.push(sum);
      return [sum, norm ? normed(g, c, sum, norm) : sum];
    },
  };
  const parts = { ...layerParts, attention: rowAttention(g, c, layerParts, rowPositions(g, c)) };
  const hidden = transformer(g, c, parts, ids);

  const losses = labelLosses(g, c, hidden, Math.max(1, o.experts.length), product);
  g.output('losses', losses);
  if (o.phase === 'evaluate') return;

  const loss = op.reduceSum(g, losses, [0], false);
  const wanted = tensors.map(t => [...t.values()]);
  const ends = stream.filter((_, i) => i % additionsPerBlock(c) === 0);
  const segments = o.recompute ? ends.slice(1).map((to, i) => ({ from: ends[i]!, to })) : [];
  const isStoredInHalf = o.halfActivations ? isLarge : undefined;
  const ofTensors = gradients(g, loss, wanted.flat(), { segments, isStoredInHalf });
  let at = 0;
  const flatGradients = groups.map((_, i) => flatten(g, ofTensors.slice(at, (at += wanted[i]!.length))));
  if (o.phase === 'step') addUpdate(g, groups, flat, flatGradients);
  else
    for (const [i, group] of groups.entries())
      g.output(`${group.name}.sum.out`, op.add(g, gradientSum(g, group), flatGradients[i]!));
}

/** What has been accumulated of a group's gradients [P]. */
function gradientSum(g: Graph, group: ParameterGroup): Value {
  return g.input(`${group.name}.sum`, 'float32', [groupSize(group)]);
}

/** The update alone, from accumulated gradients: the part of the step that reads nothing of the base. */
export function buildUpdateGraph(groups: ParameterGroup[]): Graph {
  const g = new Graph();
  const flat = groups.map(group => g.input(group.name, 'float32', [groupSize(group)]));
  addUpdate(
    g,
    groups,
    flat,
    groups.map(group => gradientSum(g, group)),
  );
  return g;
}

/**
 * Cross entropy of the labels under hidden states [N, dim], weighted and summed: [count]. Reads the inputs `lossRows` [M],
 * `labels` [M] and `lossWeights` [M, count].
 */
export function labelLosses(g: Graph, c: BaseConfig, hidden: Value, count: number, product?: Product): Value {
  const lossRows = g.input('lossRows', 'int64', ['M']);
  g.defineSize('M', g.node('Shape', [lossRows], [{ type: 'int64', shape: [1] }])[0]!);
  const logits = outputProjection(g, c, op.gatherRows(g, hidden, lossRows), product);
  const logProbabilities = op.pick(g, op.logSoftmax(g, logits), g.input('labels', 'int64', ['M']));
  const lossWeights = g.input('lossWeights', 'float32', ['M', count]);
  return op.reduceSum(g, op.mul(g, op.neg(g, logProbabilities), lossWeights), [0], false);
}

/** From so many numbers a token, storing a value in half floats is worth the operators that cast and upcast it. */
const fewestNumbers = 64;

/** Whether a value has many numbers for every token. Values of trained tokens alone belong to the loss, and are left out. */
function isLarge({ shape }: Value): boolean {
  const [tokens, ...others] = shape.filter(dim => typeof dim === 'string' && dim !== 'B');
  const perToken = shape.reduce<number>((n, dim) => (typeof dim === 'number' ? n * dim : n), 1);
  return tokens !== undefined && !shape.includes('M') && (others.length > 0 || perToken >= fewestNumbers);
}

/**
 * Clipping and AdamW for every group, from its flat parameters and gradients [P]. Reads `G.m`, `G.v` [P] and `G.hyper`; gives
 * `G.out`, `G.m.out`, `G.v.out`, and `norms` [clip groups].
 */
export function addUpdate(g: Graph, groups: ParameterGroup[], flat: Value[], sums: Value[]): void {
  const clips = [...new Set(groups.map(group => group.clipWith))];
  const norms = clips.map(clip => {
    const squares = groups.flatMap((group, i) =>
      group.clipWith === clip ? [op.reduceSumSquare(g, sums[i]!, [0])] : [],
    );
    return op.sqrt(
      g,
      squares.reduce((a, b) => op.add(g, a, b)),
    );
  });
  g.output('norms', op.concat(g, norms, 0));
  for (const [i, group] of groups.entries()) {
    const size = groupSize(group);
    const state = {
      parameter: flat[i]!,
      m: g.input(`${group.name}.m`, 'float32', [size]),
      v: g.input(`${group.name}.v`, 'float32', [size]),
      hyper: g.input(`${group.name}.hyper`, 'float32', [hyperNames.length]),
      gradient: sums[i]!,
      norm: norms[clips.indexOf(group.clipWith)]!,
    };
    const decayShares = perTensor(g, group, group.decayShares);
    const next = adamW(g, state, group.decays, perTensor(g, group, group.rates), decayShares);
    g.output(`${group.name}.out`, next.parameter);
    g.output(`${group.name}.m.out`, next.m);
    g.output(`${group.name}.v.out`, next.v);
  }
}

/** A number for each tensor of a group as a vector [P]; undefined without them. */
function perTensor(g: Graph, { tensors }: ParameterGroup, numbers: number[] | undefined): Value | undefined {
  if (!numbers) return undefined;
  const parts = tensors.map((t, i) => {
    const shape = [t.shape.reduce((a, b) => a * b, 1)];
    return g.node('Expand', [g.scalar(numbers[i]!), g.ints(shape)], [{ type: 'float32', shape }])[0]!;
  });
  return op.concat(g, parts, 0);
}

/** Tensors end to end as a flat vector [P], as `unflatten` takes it apart. */
export function flatten(g: Graph, tensors: readonly Value[]): Value {
  return op.concat(
    g,
    tensors.map(v => op.reshape(g, v, [sizeOf(v)])),
    0,
  );
}

/** The tensors of a flat vector [P], by name. */
export function unflatten(g: Graph, flat: Value, group: ParameterGroup): Map<string, Value> {
  const sizes = group.tensors.map(t => t.shape.reduce((a, b) => a * b, 1));
  const pieces = op.split(g, flat, sizes, 0);
  return new Map(group.tensors.map((t, i) => [t.name, op.reshape(g, pieces[i]!, t.shape)]));
}

/**
 * c = m / ‖W + s B A‖, [out], of an expert's layer. The norm is an input, and so gets no gradient: DoRA takes it as a constant
 * in the backward pass (Liu et al. 2024, §4.3).
 */
function magnitudeFactors(
  g: Graph,
  { config, experts }: TrainGraphOptions,
  factors: Map<string, Value>[],
): (expert: number, path: string) => Value {
  const norms = experts.map(e => {
    if (!e.dora) return undefined;
    const own = expertLayers(config, e);
    const sizes = own.map(l => l.out);
    const all = g.input(normsInput(e.name), 'float32', [sizes.reduce((a, b) => a + b, 0)]);
    const pieces = op.split(g, all, sizes, 0);
    return new Map(own.map((l, i) => [l.path, pieces[i]!]));
  });
  return (expert, path) =>
    g.once(`factor:${expert}:${path}`, () =>
      op.div(g, factors[expert]!.get(magnitudeName(path))!, norms[expert]!.get(path)!),
    );
}

interface TokenGates {
  /** For a list of experts and ranks, [N, Σ rank]: each expert's value repeated over its rank. */
  columns(places: [expert: number, rank: number][]): Value;
  /** For a list of experts, [N, count]: 1 in the rows of the expert, 0 in those of others. */
  isOf(experts: number[]): Value;
}

function tokenGates(g: Graph, experts: TrainedExpert[]): TokenGates {
  const gate = g.input('gate', 'float32', ['B', experts.length]);
  const perToken = (columns: number[], rows: Value): Value => {
    const perRow = op.reshape(g, op.gatherColumns(g, rows, columns), ['B', 1, columns.length]);
    const shape = ['B', 'T', columns.length];
    const expanded = g.node('Expand', [perRow, g.shapeValue(shape)], [{ type: 'float32', shape }])[0]!;
    return op.reshape(g, expanded, ['N', columns.length]);
  };
  return {
    columns(places) {
      const key = places.map(([i, rank]) => `${i}x${rank}`);
      return g.once(`gate:${key}`, () =>
        perToken(
          places.flatMap(([i, rank]) => Array.from({ length: rank }, () => i)),
          gate,
        ),
      );
    },
    isOf(own) {
      // Scalings are above 0.
      const sign = () => g.node('Sign', [gate], [{ type: 'float32', shape: gate.shape }])[0]!;
      return g.once(`is:${own}`, () => perToken(own, g.once('is', sign)));
    },
  };
}

function dropoutMask(g: Graph, site: string, size: number): Value {
  return g.once(site, () => g.input(site, 'float32', ['N', size]));
}

function sizeOf(v: Value): number {
  return (v.shape as number[]).reduce((a, b) => a * b, 1);
}
