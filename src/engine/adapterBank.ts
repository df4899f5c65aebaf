import { type Adapter, checkAdapterFits } from '../core/lora/adapter.ts';
import { bankInputs } from '../core/model/inferenceGraph.ts';
import type { LinearLayer } from '../core/model/layout.ts';
import { WorkbenchError } from '../shared/errors.ts';
import { type Feeds, floats } from './session.ts';

/** Weight of each expert in a row; an empty table is the base. */
export type Weights = Record<string, number>;

interface Member {
  name: string;
  rank: number;
  scaling: number;
  /** First row of its factors in the stacks. */
  at: number;
}

/** The factors of all loaded experts, stacked along the rank, and the gates that choose among them. */
export interface AdapterBank {
  names(): string[];
  /** Adds an expert, or replaces the one of that name. Throws `mismatch` when it does not fit the base. */
  load(adapter: Adapter): void;
  unload(name: string): void;
  /** What a run of the inference graph reads for a batch whose rows have these weights. */
  feeds(rows: Weights[]): Feeds;
  /** Bytes held by factors. */
  bytes(): number;
}

/**
 * Stacks A [R, in] and Bᵀ [R, out] of every linear layer, expert after expert, so that an expert's factors, and those of
 * neighbours, are views of the stack: a switch or a blend copies no factor. Only the experts with weight somewhere in
 * the batch take part in a run, so what is loaded but idle costs nothing.
 */
export function createAdapterBank(layers: LinearLayer[]): AdapterBank {
  const byPath = new Map(layers.map(l => [l.path, l]));
  const adapters = new Map<string, Adapter>();
  let members: Member[] = [];
  let stacks = new Map<string, { A: Float32Array; B: Float32Array }>();
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
      layers.map(l => {
        const stack = { A: new Float32Array(at * l.in), B: new Float32Array(at * l.out) };
        for (const m of members) copyFactors(adapters.get(m.name)!, l, m, stack);
        return [l.path, stack];
      }),
    );
    views = new Map();
  };

  const factorFeeds = (active: Member[]): Feeds => {
    const key = active.map(m => m.name).join('\n');
    const known = views.get(key);
    if (known) return known;
    const rank = active.reduce((sum, m) => sum + m.rank, 0);
    const feeds: Feeds = {};
    for (const [path, stack] of stacks) {
      const { in: width, out } = byPath.get(path)!;
      const names = bankInputs(path);
      feeds[names.A] = floats(rowsOf(stack.A, width, active), [rank, width]);
      feeds[names.B] = floats(rowsOf(stack.B, out, active), [rank, out]);
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

    feeds(rows) {
      // The bank of a graph without adapters feeds nothing.
      if (layers.length === 0) return {};
      for (const weights of rows) checkWeights(weights, adapters);
      const active = members.filter(m => rows.some(w => (w[m.name] ?? 0) !== 0));
      const rank = active.reduce((sum, m) => sum + m.rank, 0);
      const gate = new Float32Array(rows.length * rank);
      for (const [row, weights] of rows.entries()) {
        let column = row * rank;
        for (const m of active) {
          gate.fill((weights[m.name] ?? 0) * m.scaling, column, column + m.rank);
          column += m.rank;
        }
      }
      return { ...factorFeeds(active), gate: floats(gate, [rows.length, 1, rank]) };
    },

    bytes: () => [...stacks.values()].reduce((sum, s) => sum + s.A.byteLength + s.B.byteLength, 0),
  };
}

function copyFactors(adapter: Adapter, l: LinearLayer, m: Member, stack: { A: Float32Array; B: Float32Array }): void {
  const factors = adapter.modules.get(l.path);
  if (!factors) return;
  stack.A.set(factors.A.data, m.at * l.in);
  const ratio = factors.scaling / m.scaling;
  const { rows, cols, data } = factors.B;
  for (let r = 0; r < cols; r++)
    for (let o = 0; o < rows; o++) stack.B[(m.at + r) * l.out + o] = data[o * cols + r]! * ratio;
}

/** The rows of the active experts: a view where they are neighbours, else a copy. */
function rowsOf(stack: Float32Array, width: number, active: Member[]): Float32Array {
  const first = active[0];
  if (!first) return new Float32Array(0);
  const last = active.at(-1)!;
  const rank = active.reduce((sum, m) => sum + m.rank, 0);
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
