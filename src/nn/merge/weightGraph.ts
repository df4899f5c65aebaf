import { gradients } from '../autodiff/gradients.ts';
import { Graph, type Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { adaptedForward } from '../model/adaptedForward.ts';
import { externalWeights, lowerAsGiven } from '../model/baseWeights.ts';
import type { BaseConfig } from '../model/config.ts';
import { linearLayers } from '../model/layout.ts';
import { defineBatchSizes, rowPositions } from '../model/transformer.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { addUpdate, flatten, groupSize, labelLosses, type ParameterGroup, unflatten } from '../train/trainGraph.ts';
import type { StackedFactors } from './stackedFactors.ts';

/** What has a weight of its own: in each layer every direction of the experts' ranks, or every expert; or every expert over all layers. */
export type WeightsPer = 'direction' | 'module' | 'expert';

export interface WeightGraphOptions {
  config: BaseConfig;
  tensors: ReadonlyMap<string, TensorPlace>;
  /** By module path. */
  layers: ReadonlyMap<string, StackedFactors>;
  per: WeightsPer;
  /** How many losses are told apart: the columns of `lossWeights`. */
  losses: number;
}

/** The one tensor of weights that hold in all layers. */
const overall = 'experts';

/** The weights of all layers, in the order of the forward pass: one flat vector, as a training's factors are. */
export function weightGroup({
  config,
  layers,
  per,
}: Pick<WeightGraphOptions, 'config' | 'layers' | 'per'>): ParameterGroup {
  const group = { name: 'weights', decays: false, clipWith: 'weights' };
  if (per === 'expert') return { ...group, tensors: [{ name: overall, shape: [1, expertCount(layers)] }] };
  const tensors = linearLayers(config).flatMap(({ path }) => {
    const own = layers.get(path);
    return own ? [{ name: path, shape: [1, weightCount(own, per)] }] : [];
  });
  return { ...group, tensors };
}

function expertCount(layers: WeightGraphOptions['layers']): number {
  return 1 + Math.max(...[...layers.values()].flatMap(({ owners }) => owners));
}

function weightCount({ owners, A }: StackedFactors, per: WeightsPer): number {
  return per === 'direction' ? A.rows : new Set(owners).size;
}

/** For each direction of a layer, the place of its weight among the layer's own, or among those of all layers. */
export function weightPlaces({ owners }: StackedFactors, per: WeightsPer): number[] {
  if (per === 'expert') return owners;
  const experts = [...new Set(owners)];
  return per === 'direction' ? [...owners.keys()] : owners.map(owner => experts.indexOf(owner));
}

/** Where the weights of each layer begin in the flat vector. */
export function weightStarts(o: Pick<WeightGraphOptions, 'config' | 'layers' | 'per'>): Map<string, number> {
  if (o.per === 'expert') return new Map([...o.layers.keys()].map(path => [path, 0]));
  let at = 0;
  return new Map(
    weightGroup(o).tensors.map(({ name, shape }) => {
      const start = at;
      at += shape[1]!;
      return [name, start];
    }),
  );
}

/**
 * One step of learning the weights of a merge: y = W x + B (w ⊙ A x) with the experts' factors side by side, and cross entropy
 * whose gradient is taken for the weights w alone. Base and factors are constants. With a weight for each expert and layer
 * this is the CAT of LoRA Soups (Prabhakar et al. 2024, arXiv:2410.13025).
 *
 * Inputs: those of `buildWeightGradientGraph`, and `weights.m`, `weights.v` [P], `weights.hyper`. Outputs: its own, and
 * `norms` [1], `weights.out`, `weights.m.out`, `weights.v.out`.
 */
export function buildWeightGraph(o: WeightGraphOptions): Graph {
  const g = new Graph();
  const { group, flat, gradient } = addWeightGradient(g, o);
  addUpdate(g, [group], [flat], [gradient]);
  lowerAsGiven(g, o.config, o.tensors);
  return g;
}

/**
 * The losses of weights, and the gradient of their sum. Inputs: `ids` [B, T] int64, `lossRows`, `labels` [M] int64, `lossWeights`
 * [M, L] and `firstPositions` as in training; `weights` [P]. Outputs: `losses` [L] and `weights.gradient` [P].
 */
export function buildWeightGradientGraph(o: WeightGraphOptions): Graph {
  const g = new Graph();
  addWeightGradient(g, o);
  lowerAsGiven(g, o.config, o.tensors);
  return g;
}

function addWeightGradient(g: Graph, o: WeightGraphOptions): { group: ParameterGroup; flat: Value; gradient: Value } {
  const c = o.config;
  const ids = g.input('ids', 'int64', ['B', 'T']);
  defineBatchSizes(g, ids);
  const group = weightGroup(o);
  const flat = g.input(group.name, 'float32', [groupSize(group)]);
  const weights = unflatten(g, flat, group);
  const delta = (x: Value, path: string) => {
    const own = o.layers.get(path);
    if (!own) return undefined;
    const A = g.constant(own.A.data, [own.A.rows, own.A.cols]);
    const B = g.constant(own.B.data, [own.B.rows, own.B.cols]);
    const shares = weights.get(o.per === 'expert' ? overall : path)!;
    const gates = o.per === 'direction' ? shares : op.gatherColumns(g, shares, weightPlaces(own, o.per));
    return { inner: op.mul(g, op.gemm(g, x, A, { transB: true }), gates), B };
  };
  const adapted = { weight: externalWeights(g, o.tensors), delta };
  const hidden = adaptedForward(g, c, ids, rowPositions(g, c), adapted);
  const losses = labelLosses(g, c, hidden, o.losses);
  g.output('losses', losses);
  const found = gradients(g, op.reduceSum(g, losses, [0], false), [...weights.values()]);
  const gradient = flatten(g, found);
  g.output(`${group.name}.gradient`, gradient);
  return { group, flat, gradient };
}
