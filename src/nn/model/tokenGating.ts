import type { Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { LinearGroup } from './layout.ts';
import type { TokenGateShape } from './tokenGates.ts';

/** Inputs that hold a half's gate, or the prototypes of a group's layers one below the other. */
export const gateInputs = {
  weight: ({ name }: LinearGroup) => `${name}.gateWeight`,
  bias: ({ name }: LinearGroup) => `${name}.gateBias`,
  prototypes: ({ name }: LinearGroup) => `${name}.prototypes`,
};
/** How much of each row's gates the token gates make, [B, 1, 1]. */
export const tokenShareInput = 'tokenShare';
/** What turns shares of experts into gates of ranks, for groups of so many layers. */
export const expandInput = (layers: number): string => `expand.${layers}`;
/** The mean over all gates of the share that each expert has of a token, [B, T, E]. */
export const sharesOutput = 'shares';

/** What tokens give each rank of a group's experts: x [B, T, in] → [B, T, G·R]. */
export type TokenGating = (group: LinearGroup, x: Value) => Value;

/**
 * Gates that depend on the token. Of each half of a block, as `LinearGates`, or of each layer, as `ArrowGates`; E experts.
 *
 * Inputs: `tokenShare` [B, 1, 1]; for each number G of layers in a group `expand.G` [E, G·R], for Arrow [G·E, G·R]; and the
 * gates: `GROUP.gateWeight` [E, in] and `GROUP.gateBias` [E] of the group that reads a half's input, or of each group
 * `GROUP.prototypes` [G·E, in].
 */
export function tokenGating(g: Graph, shape: TokenGateShape): { gate: TokenGating; finish(): void } {
  const all: Value[] = [];
  const E = shape.experts;
  const share = g.input(tokenShareInput, 'float32', ['B', 1, 1]);
  const ranks = (shares: Value, group: LinearGroup, perLayer: boolean): Value => {
    const count = group.layers.length;
    const rows = perLayer ? count * E : E;
    const name = expandInput(count);
    const expand = g.once(name, () => g.input(name, 'float32', [rows, `${count}R`]));
    return op.projectBack(g, shares, expand);
  };

  /** The last half that was gated, which groups that read no residual stream share. */
  let half: Value | undefined;
  const linear: TokenGating = (group, x) => {
    const shares = linearShares(g, group, E, x);
    if (shares) {
      all.push(shares);
      half = op.mul(g, shares, share);
    }
    return ranks(half!, group, false);
  };

  const arrow: TokenGating = (group, x) => {
    const count = group.layers.length;
    const prototypes = g.input(gateInputs.prototypes(group), 'float32', [count * E, group.in]);
    const likeness = op.reshape(g, op.abs(g, op.project(g, x, prototypes)), ['B', 'T', count, E]);
    const { topK, temperature } = shape as Extract<TokenGateShape, { kind: 'arrow' }>;
    const scores = op.mul(g, likeness, g.scalar(1 / temperature));
    const shares = op.softmax(g, topK < E ? op.add(g, scores, beyondTop(g, likeness, topK)) : scores);
    for (const layer of op.split(g, shares, Array<number>(count).fill(1), 2))
      all.push(op.reshape(g, layer, ['B', 'T', E]));
    return ranks(op.mul(g, op.reshape(g, shares, ['B', 'T', count * E]), share), group, true);
  };

  return {
    gate: shape.kind === 'linear' ? linear : arrow,
    finish() {
      const sum = all.reduce((a, b) => op.add(g, a, b));
      g.output(sharesOutput, op.mul(g, sum, g.scalar(1 / all.length)));
    },
  };
}

/** Whether the group reads a half's input, so that the half's gate is its own. */
export const beginsHalf = ({ role }: LinearGroup): boolean => role === 'qkv' || role === 'mlp';

/** What the gate of a half of a block gives E experts, from what its first group reads: x […, in] → […, E]; undefined for other groups. */
export function linearShares(g: Graph, group: LinearGroup, E: number, x: Value): Value | undefined {
  if (!beginsHalf(group)) return undefined;
  const weight = g.input(gateInputs.weight(group), 'float32', [E, group.in]);
  const bias = g.input(gateInputs.bias(group), 'float32', [E]);
  return op.softmax(g, op.add(g, op.project(g, x, weight), bias));
}

/** Added to a score to leave it out. */
const leftOut = -1e9;

/** 0 for the `topK` largest of the last axis, and a large negative number for the others: x [B, T, G, E] → the same shape. */
function beyondTop(g: Graph, x: Value, topK: number): Value {
  const [b, t, count, E] = x.shape;
  const others = op.reshape(g, x, [b!, t!, count!, 1, E!]);
  const own = op.reshape(g, x, [b!, t!, count!, E!, 1]);
  const pairs = [b!, t!, count!, E!, E!];
  const isLarger = g.node('Greater', [others, own], [{ type: 'bool', shape: pairs }])[0]!;
  const larger = op.reshape(g, op.reduceSum(g, op.cast(g, isLarger, 'float32'), [4]), x.shape);
  const isLeftOut = g.node('Greater', [larger, g.scalar(topK - 0.5)], [{ type: 'bool', shape: x.shape }])[0]!;
  return g.node('Where', [isLeftOut, g.scalar(leftOut), g.scalar(0)], [{ type: 'float32', shape: x.shape }])[0]!;
}
