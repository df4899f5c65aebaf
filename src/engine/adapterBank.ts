import { type Adapter, checkAdapterFits } from '../core/lora/adapter.ts';
import { bankInputs, gateInput } from '../core/model/inferenceGraph.ts';
import type { LinearGroup } from '../core/model/layout.ts';
import { WorkbenchError } from '../shared/errors.ts';
import { type Feeds, floats } from './session.ts';

/** Weight of each expert in a row; an empty table is the base. */
export type Weights = Record<string, number>;

interface Member {
  name: string;
  rank: number;
  scaling: number;
  /** Sum of the ranks of the experts before it in the stacks. */
  at: number;
}

/** The factors of all loaded experts, stacked along the rank, and the gates that choose among them. */
export interface AdapterBank {
  names(): string[];
  /** Adds an expert, or replaces the one of that name. Throws `mismatch` when it does not fit the base. */
  load(adapter: Adapter): void;
  unload(name: string): void;
  /** What a run of the inference graph reads for a batch of rows with these weights, each of `length` tokens. */
  feeds(rows: Weights[], length: number): Feeds;
  /** Bytes held by factors. */
  bytes(): number;
}

/**
 * Stacks A [G·R, in] and Bᵀ [G·R, out] of every group of G linear layers, expert after expert and in it layer after
 * layer, so that an expert's factors, and those of neighbours, are views of the stack: a switch or a blend copies no
 * factor. Only the experts with weight somewhere in the batch take part in a run, so what is loaded but idle costs
 * nothing. Rows of B are zero outside their own layer: a few more products, for one call in place of several.
 */
export function createAdapterBank(groups: LinearGroup[]): AdapterBank {
  const byPath = new Map(groups.flatMap(group => group.layers).map(l => [l.path, l]));
  const groupSizes = [...new Set(groups.map(group => group.layers.length))];
  const adapters = new Map<string, Adapter>();
  let members: Member[] = [];
  let stacks = new Map<LinearGroup, { A: Float32Array; B: Float32Array }>();
  let views = new Map<string, Feeds>();

  const rebuild = () => {
    let at = 0;
    members = [...adapters.values()].map(a => {
      const factors = [...a.modules.values()];
      // A module of smaller rank is padded with zeros; a module of other scaling has the ratio folded into B.
      const member = { name: a.name, rank: Math.max(...factors.map(m => m.A.rows)), scaling: factors[0]!.scaling, at };
      at += member.rank;
      return member;
    });
    stacks = new Map(
      groups.map(group => {
        const rows = at * group.layers.length;
        const stack = { A: new Float32Array(rows * group.in), B: new Float32Array(rows * group.out) };
        for (const m of members) copyFactors(adapters.get(m.name)!, group, m, stack);
        return [group, stack];
      }),
    );
    views = new Map();
  };

  const factorFeeds = (active: Member[]): Feeds => {
    const key = active.map(m => m.name).join('\n');
    const known = views.get(key);
    if (known) return known;
    const rank = sumOfRanks(active);
    const feeds: Feeds = {};
    for (const [group, stack] of stacks) {
      const names = bankInputs(group);
      const count = group.layers.length;
      feeds[names.A] = floats(rowsOf(stack.A, count * group.in, active), [count * rank, group.in]);
      feeds[names.B] = floats(rowsOf(stack.B, count * group.out, active), [count * rank, group.out]);
    }
    views.set(key, feeds);
    return feeds;
  };

  rebuild();
  return {
    names: () => [...adapters.keys()],

    load(adapter) {
      checkAdapterFits(adapter, byPath);
      adapters.set(adapter.name, adapter);
      rebuild();
    },

    unload(name) {
      adapters.delete(name);
      rebuild();
    },

    feeds(rows, length) {
      // The bank of a graph without adapters feeds nothing.
      if (groups.length === 0) return {};
      for (const weights of rows) checkWeights(weights, adapters);
      const active = members.filter(m => rows.some(w => (w[m.name] ?? 0) !== 0));
      const gates = groupSizes.map(count => [gateInput(count), gatesOf(rows, length, active, count)] as const);
      return { ...factorFeeds(active), ...Object.fromEntries(gates) };
    },

    bytes: () => [...stacks.values()].reduce((sum, s) => sum + s.A.byteLength + s.B.byteLength, 0),
  };
}

/** Gates of every token for groups of `count` layers, [rows · length, count · rank]. */
function gatesOf(rows: Weights[], length: number, active: Member[], count: number): Feeds[string] {
  const width = count * sumOfRanks(active);
  const gates = new Float32Array(rows.length * length * width);
  for (const [row, weights] of rows.entries()) {
    const first = row * length * width;
    let column = first;
    for (const m of active) {
      gates.fill((weights[m.name] ?? 0) * m.scaling, column, column + count * m.rank);
      column += count * m.rank;
    }
    for (let t = 1; t < length; t++) gates.copyWithin(first + t * width, first, first + width);
  }
  return floats(gates, [rows.length * length, width]);
}

function copyFactors(
  adapter: Adapter,
  { layers, in: width, out }: LinearGroup,
  m: Member,
  stack: { A: Float32Array; B: Float32Array },
): void {
  let column = 0;
  for (const [i, l] of layers.entries()) {
    const factors = adapter.modules.get(l.path);
    const first = m.at * layers.length + i * m.rank;
    if (factors) {
      stack.A.set(factors.A.data, first * width);
      const ratio = factors.scaling / m.scaling;
      const { rows, cols, data } = factors.B;
      for (let r = 0; r < cols; r++)
        for (let o = 0; o < rows; o++) stack.B[(first + r) * out + column + o] = data[o * cols + r]! * ratio;
    }
    column += l.out;
  }
}

function sumOfRanks(members: Member[]): number {
  return members.reduce((sum, m) => sum + m.rank, 0);
}

/** The numbers of the active experts, `width` for each rank: a view where they are neighbours, else a copy. */
function rowsOf(stack: Float32Array, width: number, active: Member[]): Float32Array {
  const first = active[0];
  if (!first) return new Float32Array(0);
  const last = active.at(-1)!;
  const rank = sumOfRanks(active);
  if (last.at + last.rank - first.at === rank) return stack.subarray(first.at * width, (first.at + rank) * width);
  const rows = new Float32Array(rank * width);
  let at = 0;
  for (const m of active) {
    rows.set(stack.subarray(m.at * width, (m.at + m.rank) * width), at * width);
    at += m.rank;
  }
  return rows;
}

function checkWeights(weights: Weights, adapters: ReadonlyMap<string, Adapter>): void {
  for (const [name, w] of Object.entries(weights)) {
    if (!adapters.has(name))
      throw new WorkbenchError(
        'notFound',
        `no expert '${name}' is loaded`,
        `Loaded: ${[...adapters.keys()].join(', ') || 'none'}.`,
      );
    if (!Number.isFinite(w)) throw new WorkbenchError('badRequest', `the weight of expert '${name}' is not a number`);
  }
}
