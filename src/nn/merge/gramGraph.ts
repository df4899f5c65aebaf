import { Graph, type Value } from '../graph/graph.ts';
import { neededValues } from '../graph/neededValues.ts';
import * as op from '../graph/ops.ts';
import { adaptedForward } from '../model/adaptedForward.ts';
import { externalWeights, lowerAsGiven } from '../model/baseWeights.ts';
import type { BaseConfig } from '../model/config.ts';
import { type LinearGroup, linearGroups } from '../model/layout.ts';
import { linearShares } from '../model/tokenGating.ts';
import { defineBatchSizes, rowPositions } from '../model/transformer.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';

/** Names of a module's factors among the inputs; the rank is known when they are fed. */
export const gramInputs = {
  A: (path: string) => `${path}.A`,
  B: (path: string) => `${path}.B`,
  /** Which expert each rank belongs to. */
  owners: (path: string) => `${path}.owners`,
};
/** Names of the outputs: of layers that share an input, and of a module. */
export const gramOutputs = {
  gram: (group: LinearGroup) => `gram.${group.name}`,
  cross: (path: string) => `cross.${path}`,
  sum: (group: LinearGroup) => `sum.${group.name}`,
};

/**
 * The forward pass of the base with one adapter, which gives no logits but what its layers read: for the rows x [V, in] of
 * a batch that are no padding, the Gram matrices XᵀX of layers that share an input, with them what is asked for: A XᵀX of each
 * adapted layer, or the sum of x.
 *
 * With `gated`, several experts act at once, and the gate of each half of a block chooses among them for each token.
 *
 * Inputs: `ids` [B, T] int64; `tokens` [V] int64, the positions of the flattened batch that are no padding;
 * `firstPositions` [B, 1] int64 where long texts have rotary tables of their own; of each module `PATH.A` [r, in] and
 * `PATH.B` [out, r], B with the scaling in it; no more than the outputs need. With `gated` factors are those of all
 * experts, one below the other, with `PATH.owners` [E, r] that is 1 where a rank is an expert's, and gates as in `tokenGating`. Outputs: `gram.GROUP` [in, in], `cross.PATH` [r, in] or
 * `sum.GROUP` [1, in].
 *
 * @param modules paths of the layers that carry factors
 * @param groups layers that share an input, of which Gram matrices are wanted
 */
export function buildGramGraph(
  c: BaseConfig,
  tensors: ReadonlyMap<string, TensorPlace>,
  modules: ReadonlySet<string>,
  groups: readonly LinearGroup[],
  { beside = 'cross', gated }: { beside?: 'cross' | 'sum'; gated?: { experts: number } | undefined } = {},
): Graph {
  const g = new Graph();
  const ids = g.input('ids', 'int64', ['B', 'T']);
  defineBatchSizes(g, ids);
  const tokens = g.input('tokens', 'int64', ['V']);
  const layers = new Map(linearGroups(c).flatMap(group => group.layers.map(l => [l.path, l])));
  const factors = new Map(
    [...modules].map(path => {
      const { in: width, out } = layers.get(path)!;
      const rank = `rank.${path}`;
      const A = g.input(gramInputs.A(path), 'float32', [rank, width]);
      const B = g.input(gramInputs.B(path), 'float32', [out, rank]);
      return [path, { A, B }];
    }),
  );
  const wanted = new Map(groups.map(group => [group.layers[0]!.path, group]));

  /** Shares of experts [N, E] in the half of a block that is computed. */
  let shares: Value | undefined;
  const delta = (x: Value, path: string) => {
    const own = factors.get(path);
    if (!own) return undefined;
    const inner = op.gemm(g, x, own.A, { transB: true });
    if (!shares) return { inner, B: own.B };
    const owners = g.input(gramInputs.owners(path), 'float32', [shares.shape[1]!, `rank.${path}`]);
    return { inner: op.mul(g, inner, op.gemm(g, shares, owners)), B: own.B };
  };
  const all = new Map(linearGroups(c).map(group => [group.layers[0]!.path, group]));
  const read = (x: Value, paths: string[]) => {
    if (gated) shares = linearShares(g, all.get(paths[0]!)!, gated.experts, x) ?? shares;
    const group = wanted.get(paths[0]!);
    if (!group) return;
    const rows = op.gatherRows(g, x, tokens);
    g.output(gramOutputs.gram(group), op.gemm(g, rows, rows, { transA: true }));
    if (beside === 'sum') return void g.output(gramOutputs.sum(group), op.reduceSum(g, rows, [0]));
    for (const path of paths) {
      const A = factors.get(path)?.A;
      const inner = A && op.gemm(g, rows, A, { transB: true });
      if (inner) g.output(gramOutputs.cross(path), op.gemm(g, inner, rows, { transA: true }));
    }
  };
  const weight = externalWeights(g, tensors);
  adaptedForward(g, c, ids, rowPositions(g, c), { weight, delta, read });
  dropUnneeded(g);
  lowerAsGiven(g, c, tensors);
  return g;
}

/** What comes after the last Gram matrix is neither computed nor asked for. */
function dropUnneeded(g: Graph): void {
  const needed = neededValues(g);
  const nodes = g.nodes.filter(node => node.outputs.some(o => needed.has(o.name)));
  g.nodes.splice(0, g.nodes.length, ...nodes);
  const inputs = g.inputs.filter(v => needed.has(v.name));
  g.inputs.splice(0, g.inputs.length, ...inputs);
}
