import { WorkbenchError } from '../../protocol/errors.ts';
import { type CodePoints, complement, everything, hasAnyOf, intersection, union } from './codePoints.ts';
import { type Alternative, type Pattern, parsePattern } from './parsePattern.ts';

/**
 * A finite automaton over code points without empty steps (Glushkov 1961): state 0 is the start, every other is
 * entered with one of its characters. States from which no end can be reached are left out.
 */
export interface Automaton {
  characters: CodePoints[];
  follow: number[][];
  isEnd: boolean[];
}

const mostStates = 5_000;
const mostSteps = 200_000;

/** What a JSON string can hold with the escapes that patterns are written with: no other control characters. */
const writable: CodePoints = [
  [8, 10],
  [12, 13],
  [0x20, 0xd7ff],
  [0xe000, 0x10ffff],
];

/** The texts that a regular expression matches somewhere, or as a whole where it says so. Throws as parsePattern does. */
export function automatonOf(source: string): Automaton {
  return trimmed(ofAlternatives(parsePattern(source)), source);
}

function ofAlternatives(alternatives: Alternative[]): Automaton {
  const plain = positions(alternatives.filter(({ conditions }) => conditions.length === 0));
  return alternatives
    .filter(({ conditions }) => conditions.length > 0)
    .map(alternative =>
      alternative.conditions.reduce(
        (automaton, { alternatives: inner, isNegated }) => {
          const condition = ofAlternatives(inner);
          return bothAutomata(automaton, isNegated ? othersThan(condition) : condition);
        },
        positions([alternative]),
      ),
    )
    .reduce(eitherAutomaton, plain);
}

/** The texts that one of two takes. */
function eitherAutomaton(a: Automaton, b: Automaton): Automaton {
  // Both begin in state 0; the other states of b come behind those of a.
  const moved = (states: number[]) => states.map(state => state + a.isEnd.length - 1);
  return {
    characters: [...a.characters, ...b.characters.slice(1)],
    follow: [[...a.follow[0]!, ...moved(b.follow[0]!)], ...a.follow.slice(1), ...b.follow.slice(1).map(moved)],
    isEnd: [a.isEnd[0]! || b.isEnd[0]!, ...a.isEnd.slice(1), ...b.isEnd.slice(1)],
  };
}

/** The writable texts that an automaton does not take (by way of its subsets of states: Rabin and Scott 1959). */
function othersThan({ characters, follow, isEnd }: Automaton): Automaton {
  const kinds = apart(characters);
  const others: Automaton = { characters: [[]], follow: [], isEnd: [] };
  /** A subset of states and the characters that lead to it make one state. */
  const known = new Map<string, number>();
  const subsets: number[][] = [[0]];
  let steps = 0;
  for (let state = 0; state < subsets.length; state++) {
    const subset = subsets[state]!;
    others.isEnd.push(!subset.some(s => isEnd[s]));
    const targets = new Map<string, { next: number[]; by: CodePoints[] }>();
    for (const kind of kinds) {
      const next = new Set<number>();
      for (const s of subset)
        for (const to of follow[s]!) {
          if (++steps > mostSteps) throw tooLarge('a lookahead');
          if (hasAnyOf(characters[to]!, kind[0]![0], kind[0]![0])) next.add(to);
        }
      const all = [...next].sort((x, y) => x - y);
      const target = targets.get(all.join()) ?? { next: all, by: [] };
      targets.set(all.join(), { next: all, by: [...target.by, kind] });
    }
    others.follow.push(
      [...targets].map(([key, { next, by }]) => {
        const set = union(...by);
        const name = `${key} ${JSON.stringify(set)}`;
        let to = known.get(name);
        if (to === undefined) {
          known.set(name, (to = subsets.push(next) - 1));
          if (to > mostStates) throw tooLarge('a lookahead');
          others.characters.push(set);
        }
        return to;
      }),
    );
  }
  return others;
}

/** The writable characters in sets, each of which is wholly in or wholly out of each of the sets given. */
function apart(sets: CodePoints[]): CodePoints[] {
  let kinds: CodePoints[] = [writable];
  for (const set of new Map(sets.map(s => [JSON.stringify(s), s])).values())
    kinds = kinds.flatMap(kind => [intersection(kind, set), intersection(kind, complement(set))]);
  return kinds.filter(kind => kind.length > 0);
}

/** The texts that both take. */
export function bothAutomata(a: Automaton, b: Automaton): Automaton {
  const both: Automaton = { characters: [], follow: [], isEnd: [] };
  const pairs: [number, number][] = [];
  const known = new Map<number, number>();
  const stateOf = (i: number, j: number, characters: CodePoints): number => {
    const key = i * b.isEnd.length + j;
    let state = known.get(key);
    if (state === undefined) {
      known.set(key, (state = pairs.length));
      if (state > mostStates) throw tooLarge('two patterns together');
      pairs.push([i, j]);
      both.characters.push(characters);
      both.isEnd.push(a.isEnd[i]! && b.isEnd[j]!);
    }
    return state;
  };
  stateOf(0, 0, []);
  let steps = 0;
  for (let state = 0; state < pairs.length; state++) {
    const [i, j] = pairs[state]!;
    const follow: number[] = [];
    for (const p of a.follow[i]!)
      for (const q of b.follow[j]!) {
        if (++steps > mostSteps) throw tooLarge('two patterns together');
        const characters = intersection(a.characters[p]!, b.characters[q]!);
        if (characters.length > 0) follow.push(stateOf(p, q, characters));
      }
    both.follow.push(follow);
  }
  return trimmed(both, 'two patterns together');
}

interface Part {
  canBeEmpty: boolean;
  first: number[];
  last: number[];
}

function positions(alternatives: Alternative[]): Automaton {
  const automaton: Automaton = { characters: [[]], follow: [[]], isEnd: [false] };
  let steps = 0;
  const connect = (from: number[], to: number[]) => {
    steps += from.length * to.length;
    if (steps > mostSteps) throw tooLarge('a pattern');
    for (const state of from) automaton.follow[state]!.push(...to);
  };
  const concatenated = (a: Part, b: Part): Part => {
    connect(a.last, b.first);
    return {
      canBeEmpty: a.canBeEmpty && b.canBeEmpty,
      first: a.canBeEmpty ? [...a.first, ...b.first] : a.first,
      last: b.canBeEmpty ? [...a.last, ...b.last] : b.last,
    };
  };
  const empty = (): Part => ({ canBeEmpty: true, first: [], last: [] });
  const partOf = (pattern: Pattern): Part => {
    switch (pattern.kind) {
      case 'characters': {
        const state = automaton.characters.push(intersection(pattern.set, writable)) - 1;
        if (state > mostStates) throw tooLarge('a pattern');
        automaton.follow.push([]);
        automaton.isEnd.push(false);
        return { canBeEmpty: false, first: [state], last: [state] };
      }
      case 'sequence':
        return pattern.parts.reduce((part, next) => concatenated(part, partOf(next)), empty());
      case 'choice': {
        const parts = pattern.parts.map(partOf);
        return {
          canBeEmpty: parts.some(p => p.canBeEmpty),
          first: parts.flatMap(p => p.first),
          last: parts.flatMap(p => p.last),
        };
      }
      case 'repeat':
        return repeated(pattern);
    }
  };
  const repeated = ({ part, least, most }: Pattern & { kind: 'repeat' }): Part => {
    // Each copy has a state at least, save for one without characters.
    if (least > mostStates || (most !== Infinity && most > mostStates)) throw tooLarge('a pattern');
    let whole = empty();
    for (let i = 0; i < (most === Infinity ? Math.max(1, least) : most); i++) {
      const copy = partOf(part);
      if (copy.first.length === 0) return whole;
      const isLast = most === Infinity && i === Math.max(1, least) - 1;
      if (isLast) connect(copy.last, copy.first);
      whole = concatenated(whole, { ...copy, canBeEmpty: copy.canBeEmpty || i >= least });
    }
    return whole;
  };
  const anything: Pattern = {
    kind: 'repeat',
    part: { kind: 'characters', set: everything },
    least: 0,
    most: Infinity,
  };
  for (const { pattern, isAtStart, isAtEnd } of alternatives) {
    const parts = [...(isAtStart ? [] : [anything]), pattern, ...(isAtEnd ? [] : [anything])];
    const whole = partOf({ kind: 'sequence', parts });
    connect([0], whole.first);
    for (const state of whole.last) automaton.isEnd[state] = true;
    automaton.isEnd[0] ||= whole.canBeEmpty;
  }
  return automaton;
}

/** Without states that lead to no end, and without steps twice. */
function trimmed(automaton: Automaton, source: string): Automaton {
  const { characters, follow, isEnd } = automaton;
  const before: number[][] = follow.map(() => []);
  let steps = 0;
  for (const [state, next] of follow.entries())
    for (const to of next) {
      if (++steps > mostSteps) throw tooLarge(source);
      if (characters[to]!.length > 0) before[to]!.push(state);
    }
  const leads = [...isEnd];
  const open = [...isEnd.keys()].filter(state => isEnd[state] && (state === 0 || characters[state]!.length > 0));
  while (open.length > 0)
    for (const state of before[open.pop()!]!)
      if (!leads[state]) {
        leads[state] = true;
        open.push(state);
      }
  return {
    characters,
    isEnd,
    follow: follow.map(next => [...new Set(next)].filter(to => leads[to] && characters[to]!.length > 0)),
  };
}

function tooLarge(what: string): WorkbenchError {
  return new WorkbenchError(
    'unsupported',
    `${what.length > 200 ? 'a pattern' : what} is too large to hold answers to: ${mostStates} states are`,
    'Use smaller bounds in its quantifiers.',
  );
}
