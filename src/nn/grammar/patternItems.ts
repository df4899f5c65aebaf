import { WorkbenchError } from '../../protocol/errors.ts';
import type { Automaton } from './automaton.ts';
import { closes, nextWithin, within, wrong } from './characters.ts';
import { hasAnyOf } from './codePoints.ts';
import { type Item, type ItemList, type Items, nothing } from './item.ts';
import { rememberSteps } from './stringItems.ts';

/** Escapes that are written in a string with a pattern: each character has one spelling. */
const escapes = new Map(
  Object.entries({ '"': 0x22, '\\': 0x5c, b: 8, f: 12, n: 10, r: 13, t: 9 }).map(([c, code]) => [
    c.charCodeAt(0),
    code,
  ]),
);
const mostLengths = 4_000_000;
/** Below, most tokens have more. */
const fewBytes = 6;

/** The states of an automaton that a text may have led to, in order. */
interface States {
  key: string;
  all: number[];
}

/** A string that an automaton takes, with `least` to `most` characters; undefined where there is none. */
export function patternString(items: Items, automaton: Automaton, least: number, most: number): ItemList | undefined {
  const lengths = least > 0 || most < Infinity ? lengthsToEnd(automaton, least, most) : undefined;
  const known = new Map<string, Item>();
  const furthest = furthestFromEnd(automaton);

  /** Whether an end can be reached within the characters that are left. */
  const isAlive = ({ all }: States, from: number, to: number): boolean =>
    all.length > 0 && (!lengths || all.some(state => lengths(state, from, to)));
  const after = ({ all }: States, code: number): States => {
    const next = new Set<number>();
    for (const state of all)
      for (const to of automaton.follow[state]!) if (hasAnyOf(automaton.characters[to]!, code, code)) next.add(to);
    return statesOf([...next]);
  };

  /** Between two characters. */
  const state = (states: States, from: number, to: number): Item => {
    const key = `${states.key} ${from} ${to}`;
    let item = known.get(key);
    if (item) return item;
    // As long as an end can be reached behind every token, lengths make no difference.
    const bytes = to - furthest;
    const like = from === 0 && to < Infinity && bytes >= fewBytes && { item: state(states, 0, Infinity), bytes };
    item = rememberSteps({ id: items.newId(), step: byte => step(states, from, to, byte), ...(like && { like }) });
    known.set(key, item);
    return item;
  };
  const taken = (states: States, from: number, to: number, code: number): Item | undefined => {
    const next = after(states, code);
    const [least, most] = [Math.max(0, from - 1), to - 1];
    return to > 0 && isAlive(next, least, most) ? state(next, least, most) : undefined;
  };
  const one = (item: Item | undefined): ItemList | undefined => item && [item];

  const step = (states: States, from: number, to: number, byte: number): ItemList | undefined => {
    const next = nextWithin(within.none, byte, true);
    if (next === wrong) return undefined;
    if (next === closes) return from === 0 && states.all.some(s => automaton.isEnd[s]) ? nothing : undefined;
    if (next === within.none) return one(taken(states, from, to, byte));
    if (next === within.escape) {
      const canEscape = [...escapes.values()].some(code => taken(states, from, to, code));
      return canEscape ? [escaped(states, from, to)] : undefined;
    }
    const bits = byte < 0xe0 ? byte & 0x1f : byte < 0xf0 ? byte & 0x0f : byte & 0x07;
    return one(partial(states, from, to, next, bits));
  };
  const escaped = (states: States, from: number, to: number): Item =>
    rememberSteps({
      id: items.newId(),
      step: byte => {
        const code = escapes.get(byte);
        return code === undefined ? undefined : one(taken(states, from, to, code));
      },
    });

  /** Within a character of several bytes, of which the first ones have made `bits`. */
  const partial = (states: States, from: number, to: number, at: number, bits: number): Item | undefined => {
    if (to === 0 || !canContinue(states, from, to, at, bits)) return undefined;
    return rememberSteps({
      id: items.newId(),
      step: byte => {
        const next = nextWithin(at, byte, true);
        if (next === wrong) return undefined;
        const more = (bits << 6) | (byte & 0x3f);
        return one(next === within.none ? taken(states, from, to, more) : partial(states, from, to, next, more));
      },
    });
  };
  const canContinue = ({ all }: States, from: number, to: number, at: number, bits: number): boolean => {
    const bytes = at === within.one ? 1 : at === within.three || at === within.afterF0 || at === within.afterF4 ? 3 : 2;
    const first = bits << (6 * bytes);
    const high = first + (1 << (6 * bytes)) - 1;
    // What fewer bytes can write is not written with more.
    const low = at === within.afterE0 ? 0x800 : at === within.afterF0 ? 0x10000 : first;
    return all.some(state =>
      automaton.follow[state]!.some(
        next =>
          hasAnyOf(automaton.characters[next]!, low, high) &&
          (!lengths || lengths(next, Math.max(0, from - 1), to - 1)),
      ),
    );
  };

  const start = statesOf([0]);
  const canStart = automaton.isEnd[0] || automaton.follow[0]!.length > 0;
  return canStart && isAlive(start, least, most) ? [items.literal('"'), state(start, least, most)] : undefined;
}

function statesOf(all: number[]): States {
  all.sort((a, b) => a - b);
  return { key: all.join(), all };
}

/** Whether from a state an end can be reached with so many characters, `least` and `most` included. */
function lengthsToEnd(
  { follow, isEnd }: Automaton,
  least: number,
  most: number,
): (state: number, least: number, most: number) => boolean {
  const states = isEnd.length;
  // Beyond as many characters as there are states a text goes in circles, which may be left out or gone once more.
  const longest = most < Infinity ? most : least + states;
  if (states * (longest + 2) > mostLengths)
    throw new WorkbenchError(
      'unsupported',
      `a pattern with lengths of up to ${longest} characters is too large to hold answers to`,
      'Give the lengths in the pattern alone, or use smaller bounds.',
    );
  // How many of the lengths 0…n-1 lead to an end, for each state.
  const counts = Array.from({ length: states }, () => new Int32Array(longest + 2));
  let can = isEnd.map(end => (end ? 1 : 0));
  for (let n = 0; n <= longest; n++) {
    for (let s = 0; s < states; s++) counts[s]![n + 1] = counts[s]![n]! + can[s]!;
    can = follow.map(next => (next.some(to => can[to] === 1) ? 1 : 0));
  }
  return (state, from, to) => {
    const own = counts[state]!;
    const end = Math.min(to, longest);
    return end >= from && own[end + 1]! > own[from]!;
  };
}

/** The most characters that any state needs to come to an end. */
function furthestFromEnd({ follow, isEnd }: Automaton): number {
  let can = [...isEnd];
  for (let n = 0; ; n++) {
    const next = can.map((is, state) => is || follow[state]!.some(to => can[to]));
    if (next.every((is, state) => is === can[state])) return n;
    can = next;
  }
}
