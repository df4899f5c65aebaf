import { Graph } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { externalWeights } from '../model/baseWeights.ts';
import type { BaseConfig } from '../model/config.ts';
import { dequantizeAtUse } from '../quant/dequantizeAtUse.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { expertGroup, expertLayers, factorName, type TrainedExpert, unflatten } from './trainGraph.ts';

/**
 * The norms of the rows of W + scaling · B · A, which DoRA divides magnitudes by. A graph of its own, executed where factors
 * are loaded and after each step: so no product of a token or of the backward pass reads more than the quotients.
 *
 * Inputs: `factors` [P], the expert's flat vector. Outputs: `norms` [Σ out], layer after layer in the order of the forward
 * pass. One weight at a time is in memory in F32.
 */
export function buildNormGraph(
  config: BaseConfig,
  tensors: ReadonlyMap<string, TensorPlace>,
  expert: TrainedExpert & { dora: { scaling: number } },
): Graph {
  const g = new Graph();
  const flat = g.input('factors', 'float32', ['P']);
  const factors = unflatten(g, flat, expertGroup(config, expert));
  const weight = externalWeights(g, tensors);
  const layers = expertLayers(config, expert);
  const norms = layers.map(({ path }) => {
    const scaling = expert.dora.scaling * (expert.ratios?.[path] ?? 1);
    const B = op.mul(g, factors.get(factorName(path, 'B'))!, g.scalar(scaling));
    const delta = op.gemm(g, B, factors.get(factorName(path, 'A'))!);
    return op.sqrt(g, op.reduceSumSquare(g, op.add(g, delta, weight(`${path}.weight`)), [1], false));
  });
  g.output('norms', op.concat(g, norms, 0));
  // Waits for the factors, whose number the runtime does not know beforehand: it would keep what it has converted.
  dequantizeAtUse(g, new Set(layers.map(l => `${l.path}.weight`)), () => flat);
  return g;
}
