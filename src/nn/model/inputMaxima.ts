import { Graph } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { adaptedForward } from './adaptedForward.ts';
import { externalWeights, lowerProducts } from './baseWeights.ts';
import type { BaseConfig } from './config.ts';
import { linearGroups, linearLayers } from './layout.ts';
import { defineBatchSizes, rowPositions } from './transformer.ts';

/**
 * The largest magnitude in each column of what the base's linear layers read. Inputs: `ids` [B, T] int64, and `firstPositions` as
 * in training; outputs: [in] for each group of layers that share an input, by its name. Weights in 16 bits are upcast one at
 * a time.
 */
export function buildInputMaximaGraph(c: BaseConfig, tensors: ReadonlyMap<string, TensorPlace>): Graph {
  const g = new Graph();
  const ids = g.input('ids', 'int64', ['B', 'T']);
  defineBatchSizes(g, ids);
  const weight = externalWeights(g, tensors);
  const groups = new Map(linearGroups(c).map(group => [group.layers[0]!.path, group]));
  adaptedForward(g, c, ids, rowPositions(g, c), {
    weight,
    delta: () => undefined,
    read(x, paths) {
      const group = groups.get(paths[0]!);
      if (group) g.output(group.name, op.reduceMax(g, op.abs(g, x), [0], false));
    },
  });
  lowerProducts(g, weight, { halves: new Set(linearLayers(c).map(l => `${l.path}.weight`)) });
  return g;
}
