import { WorkbenchError } from '../../protocol/errors.ts';
import type { Item, ItemList } from './item.ts';
import type { TokenTrie } from './tokenTrie.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What remains of an answer: an item that takes bytes, then the rest. Without an item it is the end. */
interface Stack {
  item: Item | undefined;
  rest: Stack | undefined;
  id: number;
}

/** Where an answer stands: all that may remain of it. */
export interface Place {
  stacks: readonly Stack[];
  next?: Map<number, Place | undefined>;
  /** Ids of tokens, or bits where there are many. */
  tokens?: { ids: Int32Array } | { bits: Int32Array };
}

const mostStacks = 10_000;
const mostClosing = 20_000;
/** Steps of one mask; a whole vocabulary takes some 500,000. */
const mostSteps = 5_000_000;
/** What is kept between masks. It is dropped when there is more: it can be made again. */
const mostPlaces = 20_000;
const mostMaskBytes = 16e6;
const fewTokens = 64;

/**
 * A pushdown automaton over the bytes of an answer, with the tokens that each place allows. What remains is kept as lists
 * that share their ends, each made once, so that equal places are one place and its mask is found once.
 */
export class Pushdown {
  private readonly end: Stack = { item: undefined, rest: undefined, id: 0 };
  private stacks = new Map<number, Stack>();
  private places = new Map<string, Place>();
  private madeStacks = 0;
  private maskBytes = 0;
  private steps = 0;
  private readonly deepest: number;

  constructor(
    private readonly vocabulary: Vocabulary,
    private readonly start: ItemList,
  ) {
    this.deepest = Math.max(vocabulary.trie.depth, vocabulary.leaving.depth);
  }

  /** How much has been made since the beginning; what is forgotten counts. */
  get made(): number {
    return this.madeStacks;
  }

  first(): Place {
    return this.place(this.closed([this.pushed(this.start, this.end)]));
  }

  canEnd({ stacks }: Place): boolean {
    return stacks.some(stack => stack.item === undefined);
  }

  hasEnded({ stacks }: Place): boolean {
    return stacks.every(stack => stack.item === undefined);
  }

  /** Undefined where the token is not allowed. */
  after(place: Place, id: number): Place | undefined {
    if (this.places.size > mostPlaces || this.maskBytes > mostMaskBytes) this.forget();
    this.steps = 0;
    const special = place.stacks.filter(stack => stack.item?.token === id);
    if (special.length > 0) return this.place(this.closed(special.map(stack => stack.rest!)));
    return this.afterBytes(place, id);
  }

  private afterBytes(place: Place, id: number): Place | undefined {
    let at: Place | undefined = place;
    const bytes = this.vocabulary.bytesOf(id);
    if (bytes.length === 0) return undefined;
    for (const byte of bytes) if (!(at = this.step(at, byte))) return undefined;
    return at;
  }

  /** Adds the tokens that a place allows to bits; the end of the answer is not among them. */
  addTokens(place: Place, bits: Int32Array): void {
    this.steps = 0;
    addAll(this.tokensOf(place), bits);
  }

  private tokensOf(place: Place): NonNullable<Place['tokens']> {
    if (place.tokens) return place.tokens;
    const bits = new Int32Array(this.vocabulary.words);
    const [stack] = place.stacks;
    if (place.stacks.length === 1) this.addStackTokens(stack!, place, bits);
    else
      for (const each of place.stacks) {
        const alone = this.place([each]);
        // What is found at once for a whole vocabulary is worth keeping for each.
        if (each.item?.free || each.item?.like) addAll(this.tokensOf(alone), bits);
        else this.addStackTokens(each, alone, bits);
      }
    const tokens = compact(bits);
    this.maskBytes += 'ids' in tokens ? tokens.ids.byteLength : tokens.bits.byteLength;
    place.tokens = tokens;
    return tokens;
  }

  private addStackTokens({ item, rest }: Stack, place: Place, bits: Int32Array): void {
    if (!item) return;
    if (item.token !== undefined) bits[item.token >> 5]! |= 1 << (item.token & 31);
    else if (item.free) {
      // Nearly all tokens are text: those that stay in a string are known, and few others have to be looked at.
      addAll({ bits: this.vocabulary.staying(item.free.most, item.free.hasEscapes) }, bits);
      this.walk(this.vocabulary.leaving, place, bits);
    } else if (item.like) {
      addAll(this.tokensOf(this.place([this.pushed([item.like.item], rest!)])), bits);
      for (const id of this.vocabulary.longerThan(item.like.bytes))
        if (bits[id >> 5]! & (1 << (id & 31)) && !this.afterBytes(place, id)) bits[id >> 5]! &= ~(1 << (id & 31));
    } else this.walk(this.vocabulary.trie, place, bits);
  }

  private walk({ byte, end, first, tokens }: TokenTrie, place: Place, bits: Int32Array): void {
    const places: Place[] = new Array(this.deepest + 1);
    const ends = new Int32Array(this.deepest + 1);
    places[0] = place;
    ends[0] = byte.length;
    let depth = 0;
    for (let node = 0; node < byte.length; ) {
      while (node >= ends[depth]!) depth--;
      const next = this.step(places[depth]!, byte[node]!);
      if (!next) {
        node = end[node]!;
        continue;
      }
      for (let t = first[node]!; t < first[node + 1]!; t++) {
        const id = tokens[t]!;
        bits[id >> 5]! |= 1 << (id & 31);
      }
      places[++depth] = next;
      ends[depth] = end[node]!;
      node++;
    }
  }

  private step(place: Place, byte: number): Place | undefined {
    this.count(1);
    place.next ??= new Map();
    const known = place.next.get(byte);
    if (known !== undefined || place.next.has(byte)) return known;
    const left: Stack[] = [];
    for (const { item, rest } of place.stacks) {
      const list = item?.step?.(byte);
      if (list) left.push(this.pushed(list, rest!));
    }
    const next = left.length === 0 ? undefined : this.place(this.closed(left));
    place.next.set(byte, next);
    return next;
  }

  /** The stacks that these stand for, with an item in front that takes bytes, or none. */
  private closed(from: Stack[]): Stack[] {
    const seen = new Set<Stack>();
    const open = [...from];
    const found: Stack[] = [];
    for (let stack = open.pop(); stack; stack = open.pop()) {
      if (seen.has(stack)) continue;
      seen.add(stack);
      this.count(1);
      if (seen.size > mostClosing) throw tooAmbiguous();
      const { item, rest } = stack;
      if (item?.isOptional) open.push(rest!);
      if (item?.expand) for (const list of item.expand()) open.push(this.pushed(list, rest!));
      else found.push(stack);
    }
    if (found.length > mostStacks) throw tooAmbiguous();
    return found.sort((a, b) => a.id - b.id);
  }

  private pushed(list: ItemList, rest: Stack): Stack {
    let stack = rest;
    for (let i = list.length - 1; i >= 0; i--) {
      const item = list[i]!;
      const key = item.id * 2 ** 26 + stack.id;
      let next = this.stacks.get(key);
      if (!next) this.stacks.set(key, (next = { item, rest: stack, id: ++this.madeStacks }));
      stack = next;
    }
    return stack;
  }

  private place(stacks: readonly Stack[]): Place {
    const key = stacks.map(stack => stack.id).join();
    let place = this.places.get(key);
    if (!place) this.places.set(key, (place = { stacks }));
    return place;
  }

  private count(steps: number): void {
    this.steps += steps;
    if (this.steps > mostSteps) throw tooAmbiguous();
  }

  /** Places that answers hold stay as they are; what comes after them is made again. */
  private forget(): void {
    for (const place of this.places.values()) {
      place.next = undefined;
      place.tokens = undefined;
    }
    this.stacks = new Map();
    this.places = new Map();
    this.maskBytes = 0;
  }
}

function compact(bits: Int32Array): NonNullable<Place['tokens']> {
  const ids: number[] = [];
  for (let w = 0; w < bits.length; w++)
    for (let word = bits[w]!; word !== 0; word &= word - 1) {
      if (ids.length === fewTokens) return { bits };
      ids.push(w * 32 + 31 - Math.clz32(word & -word));
    }
  return { ids: Int32Array.from(ids) };
}

function addAll(tokens: NonNullable<Place['tokens']>, bits: Int32Array): void {
  if ('bits' in tokens) for (let w = 0; w < tokens.bits.length; w++) bits[w]! |= tokens.bits[w]!;
  else for (const id of tokens.ids) bits[id >> 5]! |= 1 << (id & 31);
}

function tooAmbiguous(): WorkbenchError {
  return new WorkbenchError(
    'unsupported',
    'the schema can be read in too many ways at once to hold an answer to it',
    "Use fewer or clearer options in its 'anyOf' and patterns.",
  );
}
