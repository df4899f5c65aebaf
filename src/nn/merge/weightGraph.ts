import { gradients } from '../autodiff/gradients.ts';
import { Graph, type Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { externalWeights } from '../model/baseWeights.ts';
import type { BaseConfig } from '../model/config.ts';
import { linearLayers } from '../model/layout.ts';
import { defineBatchSizes, rowPositions } from '../model/transformer.ts';
import { dequantizeAtUse } from '../quant/dequantizeAtUse.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { addUpdate, flatten, groupSize, labelLosses, type ParameterGroup, unflatten } from '../train/trainGraph.ts';
import { adaptedForward } from './adaptedForward.ts';
import type { StackedFactors } from './stackedFactors.ts';

/** What has a weight of its own in each layer: every direction of the experts' ranks, or every expert. */
export type WeightsPer = 'direction' | 'module';

export interface WeightGraphOptions {
  config: BaseConfig;
  tensors: ReadonlyMap<string, TensorPlace>;
  /** By module path. */
  layers: ReadonlyMap<string, StackedFactors>;
  per: WeightsPer;
  /** How many experts there are: each has a loss of its own. */
  experts: number;
}

/** The weights of all layers, in the order of the forward pass: one flat vector, as a training's factors are. */
export function weightGroup({
  config,
  layers,
  per,
}: Pick<WeightGraphOptions, 'config' | 'layers' | 'per'>): ParameterGroup {
  const tensors = linearLayers(config).flatMap(({ path }) => {
    const own = layers.get(path);
    return own ? [{ name: path, shape: [1, weightCount(own, per)] }] : [];
  });
  return { name: 'weights', tensors, decays: false, clipWith: 'weights' };
}

function weightCount({ owners, A }: StackedFactors, per: WeightsPer): number {
  return per === 'direction' ? A.rows : new Set(owners).size;
}

/** For each direction of a layer, the place of its weight in the layer's own. */
export function weightPlaces({ owners }: StackedFactors, per: WeightsPer): number[] {
  const experts = [...new Set(owners)];
  return per === 'direction' ? [...owners.keys()] : owners.map(owner => experts.indexOf(owner));
}

/**
 * One step of learning the weights of a merge: y = W x + B (w ⊙ A x) with the experts' factors side by side, and cross entropy
 * whose gradient is taken for the weights w alone. Base and factors are constants. With a weight for each expert this is
 * the CAT of LoRA Soups (Prabhakar et al. 2024, arXiv:2410.13025).
 *
 * Inputs: `ids` [B, T] int64, `lossRows`, `labels` [M] int64, `lossWeights` [M, E] and `firstPositions` as in training;
 * `weights` [P], `weights.m`, `weights.v` [P], `weights.hyper`. Outputs: `losses` [E], `norms` [1], `weights.out`,
 * `weights.m.out`, `weights.v.out`, and `weights.gradient` [P].
 */
export function buildWeightGraph(o: WeightGraphOptions): Graph {
  const g = new Graph();
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
    const shares = weights.get(path)!;
    const gates = o.per === 'direction' ? shares : op.gatherColumns(g, shares, weightPlaces(own, o.per));
    return { inner: op.mul(g, op.gemm(g, x, A, { transB: true }), gates), B };
  };
  const adapted = { weight: externalWeights(g, o.tensors), delta };
  const { hidden, parts } = adaptedForward(g, c, ids, rowPositions(g, c), adapted);
  const losses = labelLosses(g, c, parts, hidden, o.experts);
  g.output('losses', losses);
  const wanted = [...weights.values()];
  const found = gradients(g, op.reduceSum(g, losses, [0], false), wanted);
  const gradient = flatten(g, found);
  g.output(`${group.name}.gradient`, gradient);
  addUpdate(g, [group], [flat], [gradient]);
  dequantizeAtUse(g);
  return g;
}
