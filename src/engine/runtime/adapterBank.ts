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

/** An expert's place in the stacks; of what has left, the place that is free. */
interface Place {
  /** Undefined of a free place. */
  name: string | undefined;
  rank: number;
  scaling: number;
  /** Sum of the ranks of the places before it. */
  at: number;
}

/** The factors of all loaded experts, stacked along the rank, and the gates that choose among them. */
export interface AdapterBank {
  /** In the order of their factors. */
  names(): string[];
  /** Those that no answer under way needs, the one used longest ago first. */
  idle(): string[];
  /**
   * Keeps what weights speak of from being idle, until what it returns is called. Experts are there for an answer from
   * its beginning, also while it waits for its first execution.
   */
  hold(weights: Weights): () => void;
  /** Bytes that the factors of an adapter will take. */
  bytesOf(adapter: Adapter): number;
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
/** Views of neighbours that are kept: hundreds of tensors each. */
const keptViews = 64;
/** Where experts lie further apart than this many times their own ranks, to run what is between them costs more than a copy. */
const widestSpan = 3;
/** How much larger than needed the stacks become, so that a thousand experts one after the other are not copied a thousand times. */
const growth = 1.25;
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
const nobody: Place = { name: undefined, rank: 1, scaling: 0, at: 0 };

/** What one graph execution reads of the bank. */
interface Choice {
  /** The experts, in the order of their factors, with what is free between them. */
  members: Place[];
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
 *
 * An expert that comes takes a free place or is put at the end, and moves no other: with a thousand experts in the bank
 * one more costs what the first did.
 */
export function createAdapterBank(groups: LinearGroup[]): AdapterBank {
  const byPath = new Map(groups.flatMap(group => group.layers).map(l => [l.path, l]));
  const groupSizes = [...new Set(groups.map(group => group.layers.length))];
  const effects = new Map<string, ReadonlyMap<string, RowEffect>>();
  let feedsRows = false;
  /** By the weights of a batch, the one used last at the end. */
  const rowFeeds = new Map<string, Feeds>();
  let gatesOfTokens: TokenGates | undefined;
  let fedGates: Feeds = {};
  /** The how-manieth load each adapter, and the token gates, came with. */
  const loads = new Map<string, number>();
  let loaded = 0;
  /** Everything in the stacks in its order, without a free place at the end. */
  let places: Place[] = [];
  /** The experts among them, the one used last at the end. */
  const members = new Map<string, Place>();
  /** How many answers under way need each expert. */
  const held = new Map<string, number>();
  let stacks = new Map<LinearGroup, Stack>(groups.map(group => [group, emptyStack(group, 0)]));
  /** Ranks that the stacks have room for. */
  let room = 0;
  const views = new Map<string, Feeds>();
  const packs = new Map<string, Pack>();

  const length = () => sumOfRanks(places);

  /** Lays the places one behind the other in stacks of other room; their factors come along. */
  const resize = (size: number) => {
    const kept = places.filter(place => place.name !== undefined);
    const moved = new Map<LinearGroup, Stack>();
    for (const [group, from] of stacks) {
      const to = emptyStack(group, size);
      let at = 0;
      for (const place of kept) {
        copyRows(from, to, group, place, at);
        at += place.rank;
      }
      moved.set(group, to);
    }
    stacks = moved;
    room = size;
    let at = 0;
    for (const place of kept) {
      place.at = at;
      at += place.rank;
    }
    places = kept;
  };

  /** The first free place that an expert fits, or the end. */
  const placeFor = (rank: number): Place => {
    const free = places.findIndex(place => place.name === undefined && place.rank >= rank);
    if (free >= 0) {
      const found = places[free]!;
      const place = { name: undefined, rank, scaling: 0, at: found.at };
      const rest = { ...found, rank: found.rank - rank, at: found.at + rank };
      places.splice(free, 1, place, ...(rest.rank > 0 ? [rest] : []));
      return place;
    }
    if (length() + rank > room) {
      const used = sumOfRanks([...members.values()]);
      resize(Math.max(used + rank, Math.floor(growth * used)));
    }
    const place = { name: undefined, rank, scaling: 0, at: length() };
    places.push(place);
    return place;
  };

  const takeOut = (name: string) => {
    const place = members.get(name);
    if (!place) return;
    members.delete(name);
    effects.delete(name);
    place.name = undefined;
    place.scaling = 0;
    // Gates of zero make nothing of what is there, unless it is no number.
    for (const [group, stack] of stacks) clearRows(stack, group, place);
    for (let i = places.length - 1; i > 0; i--) {
      const [before, after] = [places[i - 1]!, places[i]!];
      if (before.name !== undefined || after.name !== undefined) continue;
      before.rank += after.rank;
      places.splice(i, 1);
    }
    if (places.at(-1)?.name === undefined) places.pop();
  };

  const forgetFeeds = () => {
    views.clear();
    packs.clear();
    rowFeeds.clear();
  };

  /** Hundreds of tensors each: made here, and not while somebody waits for a token. */
  const makeViews = () => {
    if (members.size > viewedExperts) return;
    const isExpert = ({ name }: Place) => name !== undefined;
    for (const from of places.keys())
      for (let to = from + 1; to <= places.length; to++) {
        const between = places.slice(from, to);
        if (isExpert(between[0]!) && isExpert(between.at(-1)!)) view({ members: between, stacks: 1 });
      }
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
    useLast(views, key, feeds, keptViews);
    return feeds;
  };

  /**
   * Continues copying from the second use on, because a set that is used once is not worth it; `atOnce` copies all. Returns
   * the finished copy.
   */
  const packed = (choice: Choice, atOnce: boolean): Feeds | undefined => {
    const key = keyOf(choice);
    const known = packs.get(key);
    const pack = known ?? { feeds: {}, left: [...groups] };
    useLast(packs, key, pack, keptPacks);
    const most = atOnce ? Number.POSITIVE_INFINITY : known ? packBytes : 0;
    for (let copied = 0; pack.left.length > 0 && copied < most; )
      copied += addGroup(pack.feeds, pack.left.pop()!, choice);
    return pack.left.length === 0 ? pack.feeds : undefined;
  };

  /** The experts that rows speak of, in the order of their factors; they are those used last. */
  const activeIn = (rows: Weights[], gated: readonly string[]): Place[] => {
    const active = new Map(gated.map(name => [name, members.get(name)!]));
    for (const weights of rows) for (const name of namesIn(weights)) active.set(name, members.get(name)!);
    active.delete(byToken);
    for (const [name, place] of active) {
      members.delete(name);
      members.set(name, place);
    }
    return [...active.values()].sort((a, b) => a.at - b.at);
  };

  /** The experts that take part in an execution, and their factors. */
  const runOf = (rows: Weights[]): Choice & { factors: Feeds } => {
    const gated = rows.some(hasTokenGates) ? (gatesOfTokens?.experts ?? []) : [];
    const active = activeIn(rows, gated);
    if (active.length === 0) return { members: [nobody], stacks: 1, factors: zeros };
    const own = gated.length > 0 ? undefined : ownExperts(rows, active);
    const wanted: Choice = own ? { members: own, stacks: rows.length } : { members: active, stacks: 1 };
    if (areNeighbours(wanted.members)) return { ...wanted, factors: view(wanted) };
    const [first, last] = [active[0]!, active.at(-1)!];
    const isWide = last.at + last.rank - first.at > widestSpan * sumOfRanks(active);
    const factors = packed(wanted, isWide);
    if (factors) return { ...wanted, factors };
    const span = places.slice(places.indexOf(first), places.indexOf(last) + 1);
    return { members: span, stacks: 1, factors: view({ members: span, stacks: 1 }) };
  };

  const rowsFor = (rows: Weights[]): Feeds => {
    const key = JSON.stringify(rows);
    const feeds = rowFeeds.get(key) ?? rowEffectsOf(rows, groups, effects);
    useLast(rowFeeds, key, feeds, keptRows);
    return feeds;
  };

  return {
    names: () => places.flatMap(({ name }) => name ?? []),
    idle: () => [...members.keys()].filter(name => !held.has(name)),

    hold(weights) {
      const names = namesIn(weights).flatMap(name => (name === byToken ? (gatesOfTokens?.experts ?? []) : [name]));
      for (const name of names) held.set(name, (held.get(name) ?? 0) + 1);
      return () => {
        for (const name of names.splice(0)) {
          const left = held.get(name)! - 1;
          if (left > 0) held.set(name, left);
          else held.delete(name);
        }
      };
    },

    bytesOf: adapter => bytesPerRank(groups) * rankOf(adapter),

    load(adapter, ofRows) {
      checkAdapterFits(adapter, byPath);
      if (beyondFactors(adapter) && !ofRows)
        throw new WorkbenchError('runtime', `the row effects of expert '${adapter.name}' are missing`);
      takeOut(adapter.name);
      const place = placeFor(rankOf(adapter));
      place.name = adapter.name;
      // A module of other scaling has the ratio folded into B.
      place.scaling = [...adapter.modules.values()][0]!.scaling;
      members.set(adapter.name, place);
      loads.set(adapter.name, ++loaded);
      if (ofRows) effects.set(adapter.name, ofRows);
      feedsRows ||= ofRows !== undefined;
      for (const [group, stack] of stacks) copyFactors(adapter, ofRows, group, place, stack);
      forgetFeeds();
      makeViews();
    },

    unload(name) {
      takeOut(name);
      const used = sumOfRanks([...members.values()]);
      if (2 * used < room) resize(used);
      forgetFeeds();
      makeViews();
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
      for (const weights of rows) checkWeights(weights, members, gatesOfTokens);
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

    bytes: () => bytesPerRank(groups) * sumOfRanks([...members.values()]),
  };
}

/** A [G·R, in] and Bᵀ [G·R, out] of a group of G layers. */
interface Stack {
  A: Float32Array;
  B: Float32Array;
}

function emptyStack({ layers, in: width, out }: LinearGroup, ranks: number): Stack {
  const rows = ranks * layers.length;
  return { A: new Float32Array(rows * width), B: new Float32Array(rows * out) };
}

/** Copies an expert's factors to where it is in other stacks. */
function copyRows(from: Stack, to: Stack, { layers, in: width, out }: LinearGroup, place: Place, at: number): void {
  const [first, last] = [place.at * layers.length, (place.at + place.rank) * layers.length];
  to.A.set(from.A.subarray(first * width, last * width), at * layers.length * width);
  to.B.set(from.B.subarray(first * out, last * out), at * layers.length * out);
}

function clearRows(stack: Stack, { layers, in: width, out }: LinearGroup, { at, rank }: Place): void {
  const [first, last] = [at * layers.length, (at + rank) * layers.length];
  stack.A.fill(0, first * width, last * width);
  stack.B.fill(0, first * out, last * out);
}

function bytesPerRank(groups: LinearGroup[]): number {
  return 4 * groups.reduce((sum, group) => sum + group.layers.length * (group.in + group.out), 0);
}

/** A module of smaller rank is padded with zeros. */
function rankOf(adapter: Adapter): number {
  return Math.max(...[...adapter.modules.values()].map(m => m.A.rows));
}

/** Keeps a value as the one used last, and of all no more than `most`. */
function useLast<V>(kept: Map<string, V>, key: string, value: V, most: number): void {
  kept.delete(key);
  kept.set(key, value);
  if (kept.size > most) kept.delete(kept.keys().next().value!);
}

/** The names with weight. */
function namesIn(weights: Weights): string[] {
  return Object.keys(weights).filter(name => weights[name] !== 0);
}

function isActive({ name }: Place, weights: Weights): boolean {
  return (weights[name!] ?? 0) !== 0;
}

/** The expert of each row, where every row has one and none another's, all of one rank; else undefined. */
function ownExperts(rows: Weights[], active: Place[]): Place[] | undefined {
  if (rows.length < 2 || active.length !== rows.length) return undefined;
  const own = rows.flatMap(weights => active.filter(m => isActive(m, weights)));
  const fits =
    own.length === rows.length && new Set(own).size === own.length && rows.every((w, i) => isActive(own[i]!, w));
  return fits && own.every(m => m.rank === own[0]!.rank) ? own : undefined;
}

/** Whether their factors follow each other in the stacks, in this order. */
function areNeighbours(members: Place[]): boolean {
  return members.every((m, i) => i === 0 || m.at === members[i - 1]!.at + members[i - 1]!.rank);
}

/** Gates of every row for groups of `count` layers, [rows, 1, count · rank]. */
function gatesOf(rows: Weights[], { members, stacks }: Choice, count: number): Feeds[string] {
  const width = (count * sumOfRanks(members)) / stacks;
  const gates = new Float32Array(rows.length * width);
  for (const [row, weights] of rows.entries()) {
    let column = row * width;
    for (const m of stacks === 1 ? members : [members[row]!]) {
      gates.fill((m.name === undefined ? 0 : (weights[m.name] ?? 0)) * m.scaling, column, column + count * m.rank);
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
    const expert = m.name === undefined ? -1 : experts.indexOf(m.name);
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
  m: Place,
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

function sumOfRanks(members: Place[]): number {
  return members.reduce((sum, m) => sum + m.rank, 0);
}

/** The numbers of some experts, `width` for each rank: a view where they are neighbours, else a copy. */
function rowsOf(stack: Float32Array, width: number, members: Place[]): Float32Array {
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

function checkWeights(weights: Weights, members: ReadonlyMap<string, Place>, gates: TokenGates | undefined): void {
  for (const [name, w] of Object.entries(weights)) {
    const needed = name === byToken && gates ? gates.experts : [name];
    if (!needed.every(expert => members.has(expert)))
      throw new WorkbenchError(
        'notFound',
        `no expert '${name}' is loaded`,
        `Loaded: ${[...members.keys()].join(', ') || 'none'}.`,
      );
    if (!Number.isFinite(w)) throw new WorkbenchError('badRequest', `the weight of expert '${name}' is not a number`);
  }
}
