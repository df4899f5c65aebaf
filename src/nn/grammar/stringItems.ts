import { closes, nextWithin, within, wrong } from './characters.ts';
import { type Item, type ItemList, type Items, nothing } from './item.ts';

/** A string with any characters, from `least` to `most` of them, counted in code points. */
export function freeString(items: Items, least: number, most: number): ItemList {
  return [items.literal('"'), freeRest(items, least, most, true)];
}

/** The rest of a string, its closing quote included. */
function freeRest(items: Items, least: number, most: number, hasEscapes: boolean): Item {
  return freeState(items, within.none, least, most, hasEscapes);
}

function freeState(items: Items, at: number, least: number, most: number, hasEscapes: boolean): Item {
  return items.once(`free ${at} ${least} ${most} ${hasEscapes}`, id => ({
    id,
    ...(at === within.none && { free: { hasEscapes, most } }),
    step: byte => {
      const next = nextWithin(at, byte, hasEscapes);
      if (next === wrong) return undefined;
      if (next === closes) return least === 0 ? nothing : undefined;
      if (at !== within.none) return [freeState(items, next, least, most, hasEscapes)];
      // A character counts with its first byte.
      return most === 0 ? undefined : [freeState(items, next, Math.max(0, least - 1), most - 1, hasEscapes)];
    },
  }));
}

/**
 * A name that is none of `taken`. It is written without escapes, so that no name has two spellings; one that needs an
 * escape cannot be written this way and need not be left out.
 */
export function nameBeside(items: Items, taken: readonly string[]): ItemList {
  const encoder = new TextEncoder();
  const names = taken.map(name => encoder.encode(name));
  return [items.literal('"'), nameState(items, within.none, 0, names)];
}

/** @param names those that begin with the `length` bytes so far. */
function nameState(items: Items, at: number, length: number, names: Uint8Array[]): Item {
  if (names.length === 0) return freeState(items, at, 0, Infinity, false);
  return rememberSteps({
    id: items.newId(),
    step: byte => {
      const next = nextWithin(at, byte, false);
      if (next === wrong) return undefined;
      if (next === closes) return names.some(name => name.length === length) ? undefined : nothing;
      const still = names.filter(name => name[length] === byte);
      return [nameState(items, next, length + 1, still)];
    },
  });
}

/** An item whose steps make new items: each is made once. */
export function rememberSteps(item: Item & { step(byte: number): ItemList | undefined }): Item {
  const known = new Map<number, ItemList | undefined>();
  return {
    ...item,
    step: byte => {
      if (!known.has(byte)) known.set(byte, item.step(byte));
      return known.get(byte);
    },
  };
}
