import { floatToHalf, to16Bits } from '../tensor/half.ts';

/** The types that tensors are written as, by name, with their number in a GGUF file (`ggml_type`). */
export const ggmlOutputs = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8 } as const;
export type GgmlOutput = keyof typeof ggmlOutputs;

const blockValues = 32;
const blockBytes: Partial<Record<GgmlOutput, number>> = { Q4_0: 18, Q8_0: 34 };

/** Whether rows of this length are whole blocks of a type. */
export function fitsGgml(type: GgmlOutput, cols: number): boolean {
  return blockBytes[type] === undefined || cols % blockValues === 0;
}

/** Bytes of so many values, which are whole blocks. */
export function ggmlBytes(type: GgmlOutput, count: number): number {
  const bytes = blockBytes[type];
  return bytes === undefined ? count * (type === 'F32' ? 4 : 2) : (count / blockValues) * bytes;
}

/** Values as a tensor of a type, to the bit as gguf-py's `quants.quantize` gives them. */
export function encodeGgml(type: GgmlOutput, values: Float32Array): Uint8Array {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (type === 'F16') return new Uint8Array(to16Bits(values, floatToHalf).buffer);
  const out = new Uint8Array(ggmlBytes(type, values.length));
  const write = type === 'Q8_0' ? encodeQ8 : encodeQ4;
  for (let b = 0; b < values.length / blockValues; b++)
    write(values.subarray(b * blockValues, (b + 1) * blockValues), out, b * blockBytes[type]!);
  return out;
}

function setHalf(out: Uint8Array, at: number, value: number): void {
  const bits = floatToHalf(value);
  out[at] = bits & 255;
  out[at + 1] = bits >> 8;
}

/** The largest magnitude becomes ±127. */
function encodeQ8(block: Float32Array, out: Uint8Array, at: number): void {
  let largest = 0;
  for (const x of block) largest = Math.max(largest, Math.abs(x));
  const d = Math.fround(largest / 127);
  const inverse = d === 0 ? 0 : Math.fround(1 / d);
  setHalf(out, at, d);
  for (let j = 0; j < blockValues; j++) {
    const scaled = Math.fround(block[j]! * inverse);
    // Halves go away from zero, as in C.
    const rounded = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
    out[at + 2 + j] = rounded & 255;
  }
}

/** The value of largest magnitude becomes −8. */
function encodeQ4(block: Float32Array, out: Uint8Array, at: number): void {
  let largest = block[0]!;
  for (const x of block) if (Math.abs(x) > Math.abs(largest)) largest = x;
  const d = Math.fround(largest / -8);
  const inverse = d === 0 ? 0 : Math.fround(1 / d);
  setHalf(out, at, d);
  const code = (x: number) => Math.max(0, Math.min(15, Math.trunc(Math.fround(Math.fround(x * inverse) + 8.5))));
  for (let j = 0; j < 16; j++) out[at + 2 + j] = code(block[j]!) | (code(block[j + 16]!) << 4);
}
