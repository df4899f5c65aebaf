import type { LinearGroup } from '../../nn/model/layout.ts';
import type { TokenGates } from '../../nn/model/tokenGates.ts';
import { gateInputs } from '../../nn/model/tokenGating.ts';
import { type Feeds, floats } from './session.ts';

/** The numbers of token gates as the graph reads them. */
export function gateFeeds(gates: TokenGates, groups: LinearGroup[]): Feeds {
  const feeds: Feeds = {};
  const count = gates.experts.length;
  for (const group of groups) {
    const { in: width, layers } = group;
    if (gates.kind === 'linear') {
      const half = gates.halves.get(group.name);
      if (!half) continue;
      feeds[gateInputs.weight(group)] = floats(half.weight, [count, width]);
      feeds[gateInputs.bias(group)] = floats(half.bias, [count]);
    } else {
      const rows = new Float32Array(layers.length * count * width);
      for (const [i, { path }] of layers.entries()) {
        const own = gates.prototypes.get(path);
        if (own) rows.set(own, i * count * width);
      }
      feeds[gateInputs.prototypes(group)] = floats(rows, [layers.length * count, width]);
    }
  }
  return feeds;
}
