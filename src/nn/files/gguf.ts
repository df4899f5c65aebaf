import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import type { FloatTensor } from '../tensor/dtype.ts';

/*
 * Files in GGUF, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The head is read here and not by
 * @huggingface/gguf, which takes a byte order mark at the beginning of a token for none of it, so that tokens of Gemma
 * become others.
 */

/** A value of a GGUF file's metadata. */
export type GgufValue =
  | { string: string }
  | { float32: number }
  | { uint32: number }
  | { bool: boolean }
  | { strings: readonly string[] }
  | { float32s: readonly number[] }
  | { int32s: readonly number[] };

/** Numbers of the types in https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
const typeNumber = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 };
const version = 3;
const tensorF32 = 0;
/** The format's default; tensors start at multiples of it. */
const alignment = 32;

/** A tensor to write: a shape [rows, cols] becomes ggml's [cols, rows], the bytes are the same. */
export interface GgufTensorInfo {
  name: string;
  shape: readonly number[];
  /** `ggml_type` */
  type: number;
  bytes: number;
}

/**
 * What stands before the weights of a file (version 3, little-endian), padded, and where each tensor begins in the file.
 */
export function encodeGgufHead(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensorInfo[],
): { head: Uint8Array[]; begins: number[]; size: number } {
  const head: Uint8Array[] = [
    new TextEncoder().encode('GGUF'),
    uint32(version),
    uint64(tensors.length),
    uint64(metadata.size),
  ];
  for (const [key, value] of metadata) head.push(text(key), ...encodeValue(value));
  const offsets: number[] = [];
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    head.push(text(name), uint32(shape.length), ...[...shape].reverse().map(uint64), uint32(type), uint64(offset));
    offsets.push(offset);
    offset += bytes + padding(bytes).length;
  }
  head.push(padding(head.reduce((sum, part) => sum + part.length, 0)));
  const start = head.reduce((sum, part) => sum + part.length, 0);
  return { head, begins: offsets.map(at => start + at), size: start + offset };
}

/** A file of F32 tensors, as chunks to be written one after another. */
export function encodeGguf(metadata: Map<string, GgufValue>, tensors: Map<string, FloatTensor>): Uint8Array[] {
  const infos = [...tensors].map(([name, { shape, data }]) => ({
    name,
    shape,
    type: tensorF32,
    bytes: data.byteLength,
  }));
  const data = [...tensors.values()].flatMap(({ data: values }) => [
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    padding(values.byteLength),
  ]);
  return [...encodeGgufHead(metadata, infos).head, ...data];
}

function encodeValue(value: GgufValue): Uint8Array[] {
  if ('string' in value) return [uint32(typeNumber.string), text(value.string)];
  if ('float32' in value) return [uint32(typeNumber.float32), bytesOf(Float32Array.of(value.float32))];
  if ('uint32' in value) return [uint32(typeNumber.uint32), uint32(value.uint32)];
  if ('bool' in value) return [uint32(typeNumber.bool), Uint8Array.of(value.bool ? 1 : 0)];
  const list = (type: number, length: number) => [uint32(typeNumber.array), uint32(type), uint64(length)];
  if ('strings' in value) return [...list(typeNumber.string, value.strings.length), ...value.strings.map(text)];
  if ('int32s' in value)
    return [...list(typeNumber.int32, value.int32s.length), bytesOf(Int32Array.from(value.int32s))];
  return [...list(typeNumber.float32, value.float32s.length), bytesOf(Float32Array.from(value.float32s))];
}

function bytesOf(values: Float32Array | Int32Array | Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function uint32(value: number): Uint8Array {
  return bytesOf(Uint32Array.of(value));
}

function uint64(value: number): Uint8Array {
  return bytesOf(BigUint64Array.of(BigInt(value)));
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

/** What stands before the weights. */
export interface GgufFileHead {
  /** By key; numbers of 64 bits as bigint. */
  metadata: Record<string, unknown>;
  /** Shapes rows first; `type` is a `ggml_type`, `offset` in bytes from the beginning of the file. */
  tensors: { name: string; shape: number[]; type: number; offset: number }[];
}

/** Far above what any model has, low enough that a lying head cannot exhaust memory. */
const most = { keys: 10_000, tensors: 200_000, axes: 8, listLength: 2_000_000, textLength: 20_000_000, depth: 3 };

/**
 * The head of a file, of which `bytes` are the first; undefined where it goes on behind them. Throws `badFile` for what is
 * no such file, and `unsupported` for a version or byte order that is not read.
 */
export function decodeGgufHead(bytes: Uint8Array, fileName: string): GgufFileHead | undefined {
  const reader = headReader(bytes, fileName);
  try {
    const { tensorCount, keyCount } = reader.counts();
    const metadata: Record<string, unknown> = Object.create(null);
    for (let i = 0; i < keyCount; i++) reader.readKey(metadata);
    const infos = Array.from({ length: tensorCount }, reader.tensor);
    const { 'general.alignment': step = alignment } = metadata;
    if (typeof step !== 'number' || step < 1 || step > 2 ** 20 || step % 1 !== 0)
      throw reader.wrong("'general.alignment' is no size");
    const start = Math.ceil(reader.position() / step) * step;
    return { metadata, tensors: infos.map(info => ({ ...info, offset: start + info.offset })) };
  } catch (error) {
    if (error instanceof Incomplete) return undefined;
    throw error;
  }
}

/** As decodeGgufHead, the metadata alone, as far as the bytes go. Writers begin with what a model is. */
export function decodeGgufStart(bytes: Uint8Array, fileName: string): Record<string, unknown> {
  const reader = headReader(bytes, fileName);
  const metadata: Record<string, unknown> = Object.create(null);
  try {
    const { keyCount } = reader.counts();
    for (let i = 0; i < keyCount; i++) reader.readKey(metadata);
  } catch (error) {
    if (!(error instanceof Incomplete)) throw error;
  }
  return metadata;
}

/** Reads the parts of a head in their order; each throws Incomplete where the bytes end. */
function headReader(bytes: Uint8Array, fileName: string) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A byte order mark is a part of a token.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let at = 0;
  const wrong = (what: string) => new WorkbenchError('badFile', `${fileName}: ${what}`, 'Download the file again.');
  const take = (size: number): number => {
    if (at + size > bytes.length) throw new Incomplete();
    at += size;
    return at - size;
  };
  const int = () => view.getUint32(take(4), true);
  const size = (limit: number, what: string): number => {
    const value = view.getBigUint64(take(8), true);
    if (value > BigInt(limit)) throw wrong(`it claims ${value} ${what}; at most ${limit} are read`);
    return Number(value);
  };
  const string = (): string => {
    const length = size(most.textLength, 'bytes of a text');
    const from = take(length);
    return decoder.decode(bytes.subarray(from, from + length));
  };
  const read = (type: number, depth = 0): unknown => {
    if (type === typeNumber.string) return string();
    if (type === 7) return view.getUint8(take(1)) !== 0;
    const number = numbers[type];
    if (number) return number.read(view, take(number.bytes));
    if (type !== 9 || depth >= most.depth) throw wrong(`it has a value of the unknown type ${type}`);
    const inner = int();
    const length = size(most.listLength, 'values of a list');
    return Array.from({ length }, () => read(inner, depth + 1));
  };
  return {
    wrong,
    position: () => at,
    counts() {
      if (decoder.decode(bytes.subarray(take(4), 4)) !== 'GGUF') throw wrong('it is no GGUF file');
      const fileVersion = int();
      if (fileVersion !== 2 && fileVersion !== version) {
        const what = fileVersion > 0xffff ? 'it is big-endian' : `it is of version ${fileVersion}`;
        throw new WorkbenchError(
          'unsupported',
          `${fileName}: ${what}; versions 2 and 3, little-endian, are read`,
          'Make it anew.',
        );
      }
      const tensorCount = size(most.tensors, 'tensors');
      return { tensorCount, keyCount: size(most.keys, 'keys') };
    },
    readKey(metadata: Record<string, unknown>) {
      const key = string();
      metadata[key] = read(int());
    },
    tensor() {
      const name = string();
      const axes = int();
      if (axes > most.axes) throw wrong(`'${visibleName(name)}' has ${axes} axes`);
      const shape = Array.from({ length: axes }, () => size(2 ** 40, 'values of a tensor')).reverse();
      return { name, shape, type: int(), offset: size(2 ** 50, 'bytes before a tensor') };
    },
  };
}

/** The head goes on behind the bytes that are there. */
class Incomplete extends Error {}

/** Numbers of metadata, by type. */
const numbers: Record<number, { bytes: number; read(view: DataView, at: number): number | bigint }> = {
  0: { bytes: 1, read: (v, at) => v.getUint8(at) },
  1: { bytes: 1, read: (v, at) => v.getInt8(at) },
  2: { bytes: 2, read: (v, at) => v.getUint16(at, true) },
  3: { bytes: 2, read: (v, at) => v.getInt16(at, true) },
  4: { bytes: 4, read: (v, at) => v.getUint32(at, true) },
  5: { bytes: 4, read: (v, at) => v.getInt32(at, true) },
  6: { bytes: 4, read: (v, at) => v.getFloat32(at, true) },
  10: { bytes: 8, read: (v, at) => v.getBigUint64(at, true) },
  11: { bytes: 8, read: (v, at) => v.getBigInt64(at, true) },
  12: { bytes: 8, read: (v, at) => v.getFloat64(at, true) },
};
