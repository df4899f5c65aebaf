/*
 * The characters of a JSON string as bytes: UTF-8 without surrogates and overlong forms (RFC 3629), escapes, no control
 * characters. Code points beyond U+FFFF are written as they are, not as pairs of escapes.
 */

/** Where a string stands inside a character. */
export const within = {
  /** Between two. */
  none: 0,
  escape: 1,
  /** Hexadecimal digits of \u: how many are left, and one after a first D, where 8 to F would begin a surrogate. */
  hex4: 2,
  hex3: 3,
  hex2: 4,
  hex1: 5,
  hexAfterD: 6,
  /** Bytes that continue a character: how many are left, and those with fewer choices. */
  one: 7,
  two: 8,
  three: 9,
  afterE0: 10,
  afterED: 11,
  afterF0: 12,
  afterF4: 13,
} as const;

/** The byte ends the string. */
export const closes = -1;
/** The byte cannot stand there. */
export const wrong = -2;

const escapable = new Set(Array.from('"\\/bfnrt', c => c.charCodeAt(0)));

/** Where a string stands after a byte; `closes` or `wrong`. */
export function nextWithin(at: number, byte: number, hasEscapes: boolean): number {
  switch (at) {
    case within.none:
      if (byte === 0x22) return closes;
      if (byte === 0x5c) return hasEscapes ? within.escape : wrong;
      return startOf(byte);
    case within.escape:
      if (byte === 0x75) return within.hex4;
      return escapable.has(byte) ? within.none : wrong;
    case within.hex4:
      if (byte === 0x44 || byte === 0x64) return within.hexAfterD;
      return isHex(byte) ? within.hex3 : wrong;
    case within.hexAfterD:
      return byte >= 0x30 && byte <= 0x37 ? within.hex2 : wrong;
    case within.hex3:
      return isHex(byte) ? within.hex2 : wrong;
    case within.hex2:
      return isHex(byte) ? within.hex1 : wrong;
    case within.hex1:
      return isHex(byte) ? within.none : wrong;
    default:
      return continued(at, byte);
  }
}

function startOf(byte: number): number {
  if (byte < 0x20) return wrong;
  if (byte < 0x80) return within.none;
  if (byte < 0xc2) return wrong;
  if (byte < 0xe0) return within.one;
  if (byte === 0xe0) return within.afterE0;
  if (byte === 0xed) return within.afterED;
  if (byte < 0xf0) return within.two;
  if (byte === 0xf0) return within.afterF0;
  if (byte < 0xf4) return within.three;
  return byte === 0xf4 ? within.afterF4 : wrong;
}

function continued(at: number, byte: number): number {
  const low = at === within.afterE0 ? 0xa0 : at === within.afterF0 ? 0x90 : 0x80;
  const high = at === within.afterED ? 0x9f : at === within.afterF4 ? 0x8f : 0xbf;
  if (byte < low || byte > high) return wrong;
  if (at === within.one) return within.none;
  return at === within.three || at === within.afterF0 || at === within.afterF4 ? within.two : within.one;
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
