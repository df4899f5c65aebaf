import { Random } from '../../src/nn/tensor/random.ts';

export interface Dice {
  below(n: number): number;
  of<T>(items: readonly T[]): T;
}

export function diceOf(seed: number): Dice {
  const random = new Random(seed);
  const below = (n: number) => Math.floor(random.uniform() * n);
  return { below, of: items => items[below(items.length)]! };
}

/** Values that stand where others are expected. */
const hostileValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e9,
  3e6,
  1e308,
  -1e308,
  2 ** 53 + 2,
  '',
  ' ',
  'x',
  '\u0000',
  '\u001b[2J',
  '\ud800',
  '__proto__',
  'constructor',
  '../../../../etc/passwd',
  '//host/share/x',
  'NUL',
  '(a+)+$',
  '(?:a|aa)*b',
  '{{ 1/0 }}',
  [],
  {},
  [[]],
  { toString: 1 },
  [null, 'a', 1],
];

/** Made when they are wanted, because they are large. */
const largeValues: readonly (() => unknown)[] = [
  () => 'a'.repeat(100_000),
  () => ' '.repeat(50_000),
  () => '('.repeat(2_000),
  () => Array.from({ length: 20_000 }, (_, i) => i),
  () => Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, i])),
  () => nested(1_000),
  () => '👩‍👩‍👧'.repeat(2_000),
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
}

/** JSON with one to four of its parts changed. */
export function mutateJson(text: string, dice: Dice): string {
  const root = { value: JSON.parse(text) as unknown };
  for (let n = 1 + dice.below(4); n > 0; n--) {
    const places: [object, string][] = [];
    collect(root, places, 4000);
    const [owner, key] = dice.of(places);
    const slots = owner as Record<string, unknown>;
    const value = slots[key];
    switch (dice.below(6)) {
      case 0:
        if (owner !== root) delete slots[key];
        break;
      case 1:
        slots[key] = dice.of(largeValues)();
        break;
      case 2:
        if (typeof value === 'number') slots[key] = dice.of([-value, value * 1e6, value + 0.5, -1, 0]);
        else if (typeof value === 'string') slots[key] = mutateText(value, dice);
        else slots[key] = [value];
        break;
      case 3:
        slots[`${key}2`] = value;
        break;
      default:
        slots[key] = structuredClone(dice.of(hostileValues));
    }
  }
  return JSON.stringify(root.value) ?? 'null';
}

function collect(value: object, places: [object, string][], most: number): void {
  for (const [key, inner] of Object.entries(value)) {
    if (places.length >= most) return;
    places.push([value, key]);
    if (typeof inner === 'object' && inner !== null) collect(inner, places, most);
  }
}

const junk = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\n',
  '\r\n',
  '\t',
  '\u0000',
  '\u001b',
  '\ufeff',
  '\u202e',
  '%',
  '{{',
  '%}',
  '\\',
  '🙂',
];

/** Text in which pieces were cut, doubled, moved or put in. */
export function mutateText(text: string, dice: Dice): string {
  let out = text;
  for (let n = 1 + dice.below(4); n > 0; n--) {
    const at = dice.below(out.length + 1);
    const end = Math.min(out.length, at + dice.below(1 + dice.of([4, 40, 400])));
    const piece = out.slice(at, end);
    switch (dice.below(6)) {
      case 0:
        out = out.slice(0, at) + out.slice(end);
        break;
      case 1:
        out = out.slice(0, at) + piece.repeat(dice.of([2, 10, 200])) + out.slice(at);
        break;
      case 2:
        out = out.slice(0, at) + dice.of(junk).repeat(dice.of([1, 3, 100, 20_000])) + out.slice(at);
        break;
      case 3:
        out = out.slice(0, at);
        break;
      case 4:
        out = out.slice(0, at) + JSON.stringify(dice.of(hostileValues)) + out.slice(end);
        break;
      default:
        out = out.slice(0, at) + out.slice(end) + piece;
    }
  }
  return out;
}

/** Bytes in which some were changed, cut or put in, most of them near the beginning. */
export function mutateBytes(bytes: Uint8Array, dice: Dice): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let n = 1 + dice.below(6); n > 0; n--) {
    const at = dice.below(dice.of([8, 64, 4096, out.length + 1])) % (out.length + 1);
    switch (dice.below(4)) {
      case 0:
        out = out.slice(0, at);
        break;
      case 1:
        out = Uint8Array.from([
          ...out.subarray(0, at),
          ...Array.from({ length: dice.of([1, 8, 300]) }, () => dice.below(256)),
          ...out.subarray(at),
        ]);
        break;
      default:
        if (at < out.length) out[at] = dice.below(256);
    }
  }
  return out;
}
