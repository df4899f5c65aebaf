import type { FloatTensor } from '../tensor/dtype.ts';

/** A value of a GGUF file's metadata. */
export type GgufValue = { string: string } | { float32: number };

/** Numbers of the types in https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
const typeNumber = { float32: 6, string: 8 };
const version = 3;
const tensorF32 = 0;
/** The format's default; tensors start at multiples of it. */
const alignment = 32;

/**
 * A GGUF file (version 3, little-endian) of F32 tensors, as chunks to be written one after another.
 *
 * @param tensors by name; a shape [rows, cols] is written as ggml's [cols, rows], the bytes are the same
 */
export function encodeGguf(metadata: Map<string, GgufValue>, tensors: Map<string, FloatTensor>): Uint8Array[] {
  const head: Uint8Array[] = [
    new TextEncoder().encode('GGUF'),
    uint32(version),
    uint64(tensors.size),
    uint64(metadata.size),
  ];
  for (const [key, value] of metadata) {
    head.push(text(key));
    if ('string' in value) head.push(uint32(typeNumber.string), text(value.string));
    else head.push(uint32(typeNumber.float32), new Uint8Array(Float32Array.of(value.float32).buffer));
  }
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data: values }] of tensors) {
    head.push(text(name), uint32(shape.length), ...[...shape].reverse().map(uint64), uint32(tensorF32), uint64(offset));
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    data.push(bytes, padding(bytes.length));
    offset += bytes.length + padding(bytes.length).length;
  }
  const headLength = head.reduce((sum, part) => sum + part.length, 0);
  return [...head, padding(headLength), ...data];
}

function uint32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function uint64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  const result = new Uint8Array(8 + bytes.length);
  result.set(uint64(bytes.length));
  result.set(bytes, 8);
  return result;
}

function padding(length: number): Uint8Array {
  return new Uint8Array((alignment - (length % alignment)) % alignment);
}
