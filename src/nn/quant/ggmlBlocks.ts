import { bfloatToFloat, halfToFloat } from '../tensor/half.ts';

/*
 * Dequantisation of ggml's tensor types. The layouts are those of `block_*` in ggml-common.h, the arithmetic that of
 * gguf-py's quants.py in single floats: a half times a small integer fits one, so that each value is rounded at most once.
 */

/** How values of one type are stored. */
interface BlockType {
  name: string;
  /** Values, and bytes, of a block. */
  values: number;
  bytes: number;
  /** Writes the values of the block that begins at byte `at` to `out` from `to` on. */
  decode(bytes: Uint8Array, at: number, out: Float32Array, to: number): void;
}

const half = (bytes: Uint8Array, at: number) => halfToFloat(bytes[at]! | (bytes[at + 1]! << 8));
const word = (bytes: Uint8Array, at: number) =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
const wordBits = new Uint32Array(1);
const floatOfWord = new Float32Array(wordBits.buffer);
const single = (bytes: Uint8Array, at: number) => {
  wordBits[0] = word(bytes, at);
  return floatOfWord[0]!;
};
const signed = (byte: number) => (byte << 24) >> 24;

/** The values of a block's codes; filled anew for each block. */
const values = new Float64Array(32);

/** Fills `values` for codes of so many bits. */
function setValues(count: 16 | 32, value: (code: number) => number): void {
  for (let code = 0; code < count; code++) values[code] = value(code);
}

/**
 * Sixteen bytes of two 4-bit codes each: the lower halves are the first values of the block, the upper ones the others.
 * `high` has a fifth bit for each.
 */
function decodeNibbles(bytes: Uint8Array, at: number, out: Float32Array, to: number, high = 0): void {
  for (let j = 0; j < 16; j++) {
    const byte = bytes[at + j]!;
    out[to + j] = values[(byte & 15) | (((high >>> j) & 1) << 4)]!;
    out[to + j + 16] = values[(byte >> 4) | (((high >>> (j + 16)) & 1) << 4)]!;
  }
}

/** Scale and minimum of sub-block `j` of Q4_K and Q5_K: 6 bits each, packed into 12 bytes. */
function scaleAndMinimum(bytes: Uint8Array, at: number, j: number): [scale: number, minimum: number] {
  if (j < 4) return [bytes[at + j]! & 63, bytes[at + j + 4]! & 63];
  const low = bytes[at + j + 4]!;
  return [(low & 15) | ((bytes[at + j - 4]! >> 6) << 4), (low >> 4) | ((bytes[at + j]! >> 6) << 4)];
}

/**
 * The eight sub-blocks of 32 values of Q4_K and Q5_K, whose lower four bits begin at `codes`; of Q5_K the fifth bit of
 * sub-block `j` is bit `j` of the bytes from `high` on.
 */
function decodeSubBlocks(
  bytes: Uint8Array,
  at: number,
  codes: number,
  out: Float32Array,
  to: number,
  high?: number,
): void {
  const [d, least] = [half(bytes, at), half(bytes, at + 2)];
  for (let j = 0; j < 8; j++) {
    const [scale, minimum] = scaleAndMinimum(bytes, at + 4, j);
    const [step, m] = [d * scale, least * minimum];
    const from = codes + 32 * (j >> 1);
    const shift = 4 * (j & 1);
    for (let i = 0; i < 32; i++) {
      const fifth = high === undefined ? 0 : (bytes[high + i]! >> j) & 1;
      out[to + 32 * j + i] = step * (((bytes[from + i]! >> shift) & 15) | (fifth << 4)) - m;
    }
  }
}

/** The 16 values of IQ4_NL and IQ4_XS. */
const nonLinear = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** Twice the values of a 4-bit float with one bit of mantissa. */
const float4 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** The types that are read, by their number in a GGUF file (`ggml_type`). */
const types: Record<number, BlockType> = {
  0: { name: 'F32', values: 1, bytes: 4, decode: (b, at, out, to) => void (out[to] = single(b, at)) },
  1: { name: 'F16', values: 1, bytes: 2, decode: (b, at, out, to) => void (out[to] = half(b, at)) },
  30: {
    name: 'BF16',
    values: 1,
    bytes: 2,
    decode: (b, at, out, to) => void (out[to] = bfloatToFloat(b[at]! | (b[at + 1]! << 8))),
  },
  2: {
    name: 'Q4_0',
    values: 32,
    bytes: 18,
    decode(b, at, out, to) {
      const d = half(b, at);
      setValues(16, code => d * (code - 8));
      decodeNibbles(b, at + 2, out, to);
    },
  },
  3: {
    name: 'Q4_1',
    values: 32,
    bytes: 20,
    decode(b, at, out, to) {
      const [d, m] = [half(b, at), half(b, at + 2)];
      setValues(16, code => d * code + m);
      decodeNibbles(b, at + 4, out, to);
    },
  },
  6: {
    name: 'Q5_0',
    values: 32,
    bytes: 22,
    decode(b, at, out, to) {
      const d = half(b, at);
      setValues(32, code => d * (code - 16));
      decodeNibbles(b, at + 6, out, to, word(b, at + 2));
    },
  },
  7: {
    name: 'Q5_1',
    values: 32,
    bytes: 24,
    decode(b, at, out, to) {
      const [d, m] = [half(b, at), half(b, at + 2)];
      setValues(32, code => d * code + m);
      decodeNibbles(b, at + 8, out, to, word(b, at + 4));
    },
  },
  8: {
    name: 'Q8_0',
    values: 32,
    bytes: 34,
    decode(b, at, out, to) {
      const d = half(b, at);
      for (let j = 0; j < 32; j++) out[to + j] = d * signed(b[at + 2 + j]!);
    },
  },
  10: {
    name: 'Q2_K',
    values: 256,
    bytes: 84,
    decode(b, at, out, to) {
      const [d, least] = [half(b, at + 80), half(b, at + 82)];
      for (let i = 0; i < 256; i++) {
        const scales = b[at + (i >> 4)]!;
        const code = (b[at + 16 + 32 * (i >> 7) + (i & 31)]! >> (2 * ((i >> 5) & 3))) & 3;
        out[to + i] = Math.fround(d * (scales & 15)) * code - Math.fround(least * (scales >> 4));
      }
    },
  },
  11: {
    name: 'Q3_K',
    values: 256,
    bytes: 110,
    decode(b, at, out, to) {
      const d = half(b, at + 108);
      for (let i = 0; i < 256; i++) {
        const sub = i >> 4;
        const low = b[at + 96 + (sub & 7)]!;
        const upper = (b[at + 104 + (sub & 3)]! >> (2 * (sub >> 2))) & 3;
        const scale = ((sub < 8 ? low & 15 : low >> 4) | (upper << 4)) - 32;
        const code = (b[at + 32 + 32 * (i >> 7) + (i & 31)]! >> (2 * ((i >> 5) & 3))) & 3;
        const isHigh = (b[at + (i & 31)]! >> (i >> 5)) & 1;
        out[to + i] = d * scale * (code - (isHigh ? 0 : 4));
      }
    },
  },
  12: {
    name: 'Q4_K',
    values: 256,
    bytes: 144,
    decode: (b, at, out, to) => decodeSubBlocks(b, at, at + 16, out, to),
  },
  13: {
    name: 'Q5_K',
    values: 256,
    bytes: 176,
    decode: (b, at, out, to) => decodeSubBlocks(b, at, at + 48, out, to, at + 16),
  },
  14: {
    name: 'Q6_K',
    values: 256,
    bytes: 210,
    decode(b, at, out, to) {
      const d = half(b, at + 208);
      for (let i = 0; i < 256; i++) {
        const [part, within] = [i >> 7, i & 127];
        const low = (b[at + 64 * part + (within & 63)]! >> (within < 64 ? 0 : 4)) & 15;
        const high = (b[at + 128 + 32 * part + (within & 31)]! >> (2 * (within >> 5))) & 3;
        out[to + i] = d * signed(b[at + 192 + (i >> 4)]!) * ((low | (high << 4)) - 32);
      }
    },
  },
  20: {
    name: 'IQ4_NL',
    values: 32,
    bytes: 18,
    decode(b, at, out, to) {
      const d = half(b, at);
      setValues(16, code => d * nonLinear[code]!);
      decodeNibbles(b, at + 2, out, to);
    },
  },
  23: {
    name: 'IQ4_XS',
    values: 256,
    bytes: 136,
    decode(b, at, out, to) {
      const d = half(b, at);
      const upper = b[at + 2]! | (b[at + 3]! << 8);
      for (let j = 0; j < 8; j++) {
        const low = (b[at + 4 + (j >> 1)]! >> (4 * (j & 1))) & 15;
        const step = d * ((low | (((upper >> (2 * j)) & 3) << 4)) - 32);
        setValues(16, code => step * nonLinear[code]!);
        decodeNibbles(b, at + 8 + 16 * j, out, to + 32 * j);
      }
    },
  },
  39: {
    name: 'MXFP4',
    values: 32,
    bytes: 17,
    decode(b, at, out, to) {
      // The exponent is that of float4's doubled values.
      const d = 2 ** (b[at]! - 128);
      setValues(16, code => d * float4[code]!);
      decodeNibbles(b, at + 1, out, to);
    },
  },
};

/** Names of types that are not read, for messages. */
const others: Record<number, string> = {
  ...{ 9: 'Q8_1', 15: 'Q8_K', 16: 'IQ2_XXS', 17: 'IQ2_XS', 18: 'IQ3_XXS', 19: 'IQ1_S', 21: 'IQ3_S', 22: 'IQ2_S' },
  ...{ 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64', 29: 'IQ1_M', 34: 'TQ1_0', 35: 'TQ2_0' },
};

/** The names of all types that are read. */
export const ggmlTypes = Object.values(types).map(type => type.name);

/** The name of a type in a GGUF file. */
export function ggmlTypeName(type: number): string {
  return types[type]?.name ?? others[type] ?? `number ${type}`;
}

/** Values and bytes of a block of a type; undefined for one that is not read. */
export function ggmlBlock(type: number): { values: number; bytes: number } | undefined {
  return types[type];
}

/** The values of whole blocks of a type that is read, in F32. */
export function dequantizeGgml(type: number, bytes: Uint8Array): Float32Array {
  const { values: count, bytes: size, decode } = types[type]!;
  const blocks = bytes.length / size;
  const out = new Float32Array(blocks * count);
  for (let i = 0; i < blocks; i++) decode(bytes, i * size, out, i * count);
  return out;
}
