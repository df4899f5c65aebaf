const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** IEEE half to single. */
export function halfToFloat(h: number): number {
  const sign = (h & 0x8000) << 16;
  const exponent = (h >> 10) & 0x1f;
  const mantissa = h & 0x3ff;
  if (exponent === 0) return (sign ? -1 : 1) * mantissa * 2 ** -24;
  bits[0] = exponent === 31 ? sign | 0x7f800000 | (mantissa << 13) : sign | ((exponent + 112) << 23) | (mantissa << 13);
  return value[0]!;
}

/** Single to IEEE half, round to nearest even. */
export function floatToHalf(x: number): number {
  value[0] = x;
  const u = bits[0]!;
  const sign = (u >>> 16) & 0x8000;
  const exponent = ((u >>> 23) & 0xff) - 112;
  let mantissa = u & 0x7fffff;
  if (exponent >= 31) return sign | ((u & 0x7fffffff) > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (exponent <= 0) {
    if (exponent < -10) return sign;
    mantissa |= 0x800000;
    return sign | roundShift(mantissa, 14 - exponent);
  }
  return sign | roundShift((exponent << 23) | mantissa, 13);
}

/** Brain float to single. */
export function bfloatToFloat(h: number): number {
  bits[0] = h << 16;
  return value[0]!;
}

/** Single to brain float, round to nearest even. */
export function floatToBfloat(x: number): number {
  value[0] = x;
  const u = bits[0]!;
  if ((u & 0x7fffffff) > 0x7f800000) return (u >>> 16) | 0x40;
  return roundShift(u, 16) & 0xffff;
}

/** Each value in 16 bits; several times faster than `Uint16Array.from`. */
export function to16Bits(values: Float32Array, encode: (x: number) => number): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = encode(values[i]!);
  return out;
}

/** The upper bits of an unsigned integer of 32 bits, rounded to nearest even. */
function roundShift(x: number, shift: number): number {
  const low = x & ((1 << shift) - 1);
  const high = x >>> shift;
  const half = 1 << (shift - 1);
  return low > half || (low === half && (high & 1) === 1) ? high + 1 : high;
}
