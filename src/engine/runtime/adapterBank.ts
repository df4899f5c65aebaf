import { type Adapter, beyondFactors, checkAdapterFits } from '../../nn/lora/adapter.ts';
import { bankInputs, gateInput, rowInputs } from '../../nn/model/inferenceGraph.ts';
import type { LinearGroup } from '../../nn/model/layout.ts';
import type { TokenGates } from '../../nn/model/tokenGates.ts';
import { expandInput, tokenShareInput } from '../../nn/model/tokenGating.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { gateFeeds } from './gateFeeds.ts';
import type { RowEffect } from './rowEffects.ts';
import { type Feeds, floats } from './session.ts';

/** What token gates are called among weights; no expert has this name. */
export const byToken = 'auto';

/** Weight of each expert in a row, and of what the token gates choose; an empty table is the base. */
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
  /**
   * Adds an expert, or replaces the one of that name; `effects` of one that is more than factors, by module path. Throws
   * `mismatch` when it does not fit the base.
   */
  load(adapter: Adapter, effects?: ReadonlyMap<string, RowEffect>): void;
  /** Whether the graph must read row effects: some expert had them since the bank was made. */
  hasRowEffects(): boolean;
  unload(name: string): void;
  /** Lets gates choose among experts for each token, in rows that give `byToken` weight; undefined for none. */
  gateTokens(gates: TokenGates | undefined): void;
  tokenGates(): TokenGates | undefined;
  /** The inference graph's inputs for a batch of rows with these weights: a new table, to which the caller adds its own. */
  feeds(rows: Weights[]): Feeds;
  /**
   * Stands for what these weights make of the base by what is loaded now: the same text has the same keys and values under
   * the same key, and an adapter that another one of its name takes the place of has another key.
   */
  contentKey(weights: Weights): string;
  /** Bytes held by factors. */
  bytes(): number;
}

/** Bytes of factors that are copied before one graph execution, so that no switch takes longer than a millisecond. */
const packBytes = 1e6;
/** With more experts than these, the views of neighbours are made when they are first used. */
const viewedExperts = 8;
/** Sets of weights whose row effects are kept: a number for each row of a batch and output of a layer. */
const keptRows = 2;
/** Sets of experts whose copies are kept. */
const keptPacks = 4;

/** A copy under way of the factors of experts that are not neighbours. */
interface Pack {
  feeds: Feeds;
  left: LinearGroup[];
}

/** Stands for the experts where none is active: a row of zeros, because products without any end the process on WebGPU. */
const nobody: Member = { name: '', rank: 1, scaling: 0, at: 0 };

/** What one graph execution reads of the bank. */
interface Choice {
  /** The experts, in the order of their factors. */
  members: Member[];
  /** Stacks of factors: one that all rows share, or one for each row. */
  stacks: number;
}

/**
 * Stacks A [G·R, in] and Bᵀ [G·R, out] of every group of G linear layers, expert after expert and in it layer after
 * layer, so that an expert's factors, and those of neighbours, are views of the stack: a switch or a blend copies no
 * factor. Only experts with weight somewhere in the batch are computed, so that an idle expert costs nothing. Where each
 * row has an expert of its own, the graph reads the same view as one stack for each row, and multiplies no row with
 * another's factors. Experts that are not neighbours are copied side by side, some groups before each execution; until
 * that is done, the experts between them take part with gates of zero. Rows of B are zero outside their own layer: a few
 * more multiplications, for one operator in place of several.
 */
export function createAdapterBank(groups: LinearGroup[]): AdapterBank {
  const byPath = new Map(groups.flatMap(group => group.layers).map(l => [l.path, l]));
  const groupSizes = [...new Set(groups.map(group => group.layers.length))];
  const adapters = new Map<string, Adapter>();
  const effects = new Map<string, ReadonlyMap<string, RowEffect>>();
  let feedsRows = false;
  /** By the weights of a batch, the one used last at the end. */
  const rowFeeds = new Map<string, Feeds>();
  let gatesOfTokens: TokenGates | undefined;
  let fedGates: Feeds = {};
  /** The how-manieth load each adapter, and the token gates, came with. */
  const loads = new Map<string, number>();
  let loaded = 0;
  let members: Member[] = [];
  let stacks = new Map<LinearGroup, { A: Float32Array; B: Float32Array }>();
  let views = new Map<string, Feeds>();
  let packs = new Map<string, Pack>();

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
        for (const m of members) copyFactors(adapters.get(m.name)!, effects.get(m.name), group, m, stack);
        return [group, stack];
      }),
    );
    views = new Map();
    packs = new Map();
    rowFeeds.clear();
    // Hundreds of tensors each: made here, and not while somebody waits for a token.
    if (members.length <= viewedExperts)
      for (const from of members.keys())
        for (let to = from + 1; to <= members.length; to++) view({ members: members.slice(from, to), stacks: 1 });
  };

  const zeros: Feeds = {};
  for (const group of groups) {
    const names = bankInputs(group);
    const rows = group.layers.length;
    zeros[names.A] = floats(new Float32Array(rows * group.in), [1, rows, group.in]);
    zeros[names.B] = floats(new Float32Array(rows * group.out), [1, rows, group.out]);
  }

  const addGroup = (feeds: Feeds, group: LinearGroup, choice: Choice): number => {
    const names = bankInputs(group);
    const stack = stacks.get(group)!;
    const count = group.layers.length;
    const rows = (count * sumOfRanks(choice.members)) / choice.stacks;
    const add = (name: string, all: Float32Array, width: number) => {
      feeds[name] = floats(rowsOf(all, count * width, choice.members), [choice.stacks, rows, width]);
    };
    add(names.A, stack.A, group.in);
    add(names.B, stack.B, group.out);
    return 4 * choice.stacks * rows * (group.in + group.out);
  };

  const view = (choice: Choice): Feeds => {
    const key = keyOf(choice);
    const feeds = views.get(key) ?? {};
    if (!views.has(key)) for (const group of groups) addGroup(feeds, group, choice);
    views.set(key, feeds);
    return feeds;
  };

  /** Continues copying from the second use on, because a set that is used once is not worth it. Returns the finished copy. */
  const packed = (choice: Choice): Feeds | undefined => {
    const key = keyOf(choice);
    const known = packs.get(key);
    const pack = known ?? { feeds: {}, left: [...groups] };
    // The last in the map is the one used last.
    packs.delete(key);
    packs.set(key, pack);
    if (packs.size > keptPacks) packs.delete(packs.keys().next().value!);
    for (let copied = 0; known && pack.left.length > 0 && copied < packBytes; )
      copied += addGroup(pack.feeds, pack.left.pop()!, choice);
    return pack.left.length === 0 ? pack.feeds : undefined;
  };

  /** The experts that take part in an execution, and their factors. */
  const runOf = (rows: Weights[]): Choice & { factors: Feeds } => {
    const gated = rows.some(hasTokenGates) ? (gatesOfTokens?.experts ?? []) : [];
    const active = members.filter(m => gated.includes(m.name) || rows.some(w => isActive(m, w)));
    if (active.length === 0) return { members: [nobody], stacks: 1, factors: zeros };
    const own = gated.length > 0 ? undefined : ownExperts(rows, active);
    const wanted: Choice = own ? { members: own, stacks: rows.length } : { members: active, stacks: 1 };
    if (areNeighbours(wanted.members)) return { ...wanted, factors: view(wanted) };
    const factors = packed(wanted);
    if (factors) return { ...wanted, factors };
    const span = members.slice(members.indexOf(active[0]!), members.indexOf(active.at(-1)!) + 1);
    return { members: span, stacks: 1, factors: view({ members: span, stacks: 1 }) };
  };

  const rowsFor = (rows: Weights[]): Feeds => {
    const key = JSON.stringify(rows);
    const feeds = rowFeeds.get(key) ?? rowEffectsOf(rows, groups, effects);
    rowFeeds.delete(key);
    rowFeeds.set(key, feeds);
    if (rowFeeds.size > keptRows) rowFeeds.delete(rowFeeds.keys().next().value!);
    return feeds;
  };

  rebuild();
  return {
    names: () => [...adapters.keys()],

    load(adapter, ofRows) {
      checkAdapterFits(adapter, byPath);
      if (beyondFactors(adapter) && !ofRows)
        throw new WorkbenchError('runtime', `the row effects of expert '${adapter.name}' are missing`);
      adapters.set(adapter.name, adapter);
      loads.set(adapter.name, ++loaded);
      effects.delete(adapter.name);
      if (ofRows) effects.set(adapter.name, ofRows);
      feedsRows ||= ofRows !== undefined;
      rebuild();
    },

    unload(name) {
      adapters.delete(name);
      effects.delete(name);
      rebuild();
    },

    hasRowEffects: () => feedsRows,

    gateTokens(gates) {
      gatesOfTokens = gates;
      loads.set(byToken, ++loaded);
      fedGates = gates ? gateFeeds(gates, groups) : {};
    },

    tokenGates: () => gatesOfTokens,

    feeds(rows) {
      // The bank of a graph without adapters feeds nothing.
      if (groups.length === 0) return {};
      for (const weights of rows) checkWeights(weights, adapters, gatesOfTokens);
      const run = runOf(rows);
      const feeds = { ...run.factors };
      if (feedsRows) Object.assign(feeds, rowsFor(rows));
      for (const count of groupSizes) feeds[gateInput(count)] = gatesOf(rows, run, count);
      if (gatesOfTokens) {
        Object.assign(feeds, fedGates);
        feeds[tokenShareInput] = floats(
          Float32Array.from(rows, w => w[byToken] ?? 0),
          [rows.length, 1, 1],
        );
        for (const count of groupSizes) feeds[expandInput(count)] = expandOf(gatesOfTokens, run, count);
      }
      return feeds;
    },

    contentKey(weights) {
      const active = Object.entries(weights).filter(([, weight]) => weight !== 0);
      const gated = (weights[byToken] ?? 0) === 0 ? [] : (gatesOfTokens?.experts ?? []);
      return JSON.stringify([
        active.map(([name, weight]) => [loads.get(name), weight]).sort(),
        gated.map(name => loads.get(name)),
      ]);
    },

    bytes: () => [...stacks.values()].reduce((sum, s) => sum + s.A.byteLength + s.B.byteLength, 0),
  };
}

function isActive({ name }: Member, weights: Weights): boolean {
  return (weights[name] ?? 0) !== 0;
}

/** The expert of each row, where every row has one and none another's, all of one rank; else undefined. */
function ownExperts(rows: Weights[], active: Member[]): Member[] | undefined {
  if (rows.length < 2 || active.length !== rows.length) return undefined;
  const own = rows.flatMap(weights => active.filter(m => isActive(m, weights)));
  const fits =
    own.length === rows.length && new Set(own).size === own.length && rows.every((w, i) => isActive(own[i]!, w));
  return fits && own.every(m => m.rank === own[0]!.rank) ? own : undefined;
}

/** Whether their factors follow each other in the stacks, in this order. */
function areNeighbours(members: Member[]): boolean {
  return members.every((m, i) => i === 0 || m.at === members[i - 1]!.at + members[i - 1]!.rank);
}

/** Gates of every row for groups of `count` layers, [rows, 1, count · rank]. */
function gatesOf(rows: Weights[], { members, stacks }: Choice, count: number): Feeds[string] {
  const width = (count * sumOfRanks(members)) / stacks;
  const gates = new Float32Array(rows.length * width);
  for (const [row, weights] of rows.entries()) {
    let column = row * width;
    for (const m of stacks === 1 ? members : [members[row]!]) {
      gates.fill((weights[m.name] ?? 0) * m.scaling, column, column + count * m.rank);
      column += count * m.rank;
    }
  }
  return floats(gates, [rows.length, 1, width]);
}

const hasTokenGates = (weights: Weights): boolean => (weights[byToken] ?? 0) !== 0;

/** The gates of the ranks of each expert, for groups of `count` layers, that a share of 1 makes: as `expandInput`. */
function expandOf({ kind, experts }: TokenGates, { members, stacks }: Choice, count: number): Feeds[string] {
  const width = (count * sumOfRanks(members)) / stacks;
  const perLayer = kind === 'arrow';
  const rows = (perLayer ? count : 1) * experts.length;
  const expand = new Float32Array(rows * width);
  let column = 0;
  // Where each row has a stack of its own no token gates choose: zeros.
  for (const m of stacks === 1 ? members : []) {
    const expert = experts.indexOf(m.name);
    for (let layer = 0; layer < count; layer++, column += m.rank) {
      if (expert < 0) continue;
      const row = perLayer ? layer * experts.length + expert : expert;
      expand.fill(m.scaling, row * width + column, row * width + column + m.rank);
    }
  }
  return floats(expand, [rows, width]);
}

/** What the weights of each row make of the experts' row effects: W x ⊙ (1 + Σ wᵢ (cᵢ − 1)) + Σ wᵢ oᵢ. */
function rowEffectsOf(
  rows: Weights[],
  groups: LinearGroup[],
  effects: ReadonlyMap<string, ReadonlyMap<string, RowEffect>>,
): Feeds {
  const feeds: Feeds = {};
  const largest = Math.max(...groups.map(group => group.out));
  // Most experts have no offsets: groups share their zeros.
  const zeros = new Float32Array(rows.length * largest);
  for (const group of groups) {
    const size = rows.length * group.out;
    const factors = new Float32Array(size).fill(1);
    let offsets: Float32Array | undefined;
    for (const [row, weights] of rows.entries())
      for (const [name, weight] of Object.entries(weights)) {
        let at = row * group.out;
        for (const l of group.layers) {
          const { factor, offset } = effects.get(name)?.get(l.path) ?? {};
          if (factor) for (let o = 0; o < l.out; o++) factors[at + o]! += weight * (factor[o]! - 1);
          if (offset) {
            offsets ??= new Float32Array(size);
            for (let o = 0; o < l.out; o++) offsets[at + o]! += weight * offset[o]!;
          }
          at += l.out;
        }
      }
    const names = rowInputs(group);
    const shape = [rows.length, 1, group.out];
    feeds[names.factor] = floats(factors, shape);
    feeds[names.offset] = floats(offsets ?? zeros.subarray(0, size), shape);
  }
  return feeds;
}

function copyFactors(
  adapter: Adapter,
  effects: ReadonlyMap<string, RowEffect> | undefined,
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
      const scale = effects?.get(l.path)?.factor;
      for (let r = 0; r < cols; r++)
        for (let o = 0; o < rows; o++)
          stack.B[(first + r) * out + column + o] = data[o * cols + r]! * ratio * (scale ? scale[o]! : 1);
    }
    column += l.out;
  }
}

function keyOf({ members, stacks }: Choice): string {
  return [stacks, ...members.map(m => m.name)].join('\n');
}

function sumOfRanks(members: Member[]): number {
  return members.reduce((sum, m) => sum + m.rank, 0);
}

/** The numbers of some experts, `width` for each rank: a view where they are neighbours, else a copy. */
function rowsOf(stack: Float32Array, width: number, members: Member[]): Float32Array {
  const rank = sumOfRanks(members);
  const first = members[0]?.at ?? 0;
  if (areNeighbours(members)) return stack.subarray(first * width, (first + rank) * width);
  const rows = new Float32Array(rank * width);
  let at = 0;
  for (const m of members) {
    rows.set(stack.subarray(m.at * width, (m.at + m.rank) * width), at * width);
    at += m.rank;
  }
  return rows;
}

function checkWeights(weights: Weights, adapters: ReadonlyMap<string, Adapter>, gates: TokenGates | undefined): void {
  for (const [name, w] of Object.entries(weights)) {
    const needed = name === byToken && gates ? gates.experts : [name];
    if (!needed.every(expert => adapters.has(expert)))
      throw new WorkbenchError(
        'notFound',
        `no expert '${name}' is loaded`,
        `Loaded: ${[...adapters.keys()].join(', ') || 'none'}.`,
      );
    if (!Number.isFinite(w)) throw new WorkbenchError('badRequest', `the weight of expert '${name}' is not a number`);
  }
}
