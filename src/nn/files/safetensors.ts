import { WorkbenchError } from '../../protocol/errors.ts';
import { type DType, dtypeSize } from '../tensor/dtype.ts';
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat, to16Bits } from '../tensor/half.ts';
import { findDuplicateKey } from './duplicateKey.ts';

// The layout is that of https://github.com/huggingface/safetensors#format. Numbers are little-endian in the file and
// on every platform Node and browsers run on, so typed arrays are used on the bytes as they are.

/** Where a tensor lies: `begin` and `end` are byte offsets in the file, `end` not included. */
export interface TensorEntry {
  dtype: DType;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  tensors: Map<string, TensorEntry>;
  metadata: Record<string, string>;
}

/** A tensor to write. Floats are converted to `dtype`; bytes are taken as they are. */
export interface TensorToWrite {
  name: string;
  dtype: DType;
  shape: number[];
  data: Float32Array | Uint8Array;
}

/** The reference implementation's own limit; a header is a few hundred bytes a tensor. */
export const maxHeaderLength = 100_000_000;
/** Far above the largest public shard (some 10^4 tensors), low enough that a lying header cannot exhaust memory. */
const maxTensors = 200_000;
/** No tensor of a language model has more axes. */
const maxAxes = 8;

/**
 * The number of bytes at the start of the file that hold the header: 8 for its length, then the JSON.
 *
 * @param start at least the first 8 bytes of the file
 * @throws WorkbenchError `badFile`
 */
export function safetensorsHeaderEnd(start: Uint8Array, fileSize: number, fileName: string): number {
  if (fileSize < 8 || start.length < 8) {
    throw bad(fileName, `is ${fileSize} bytes long; a safetensors file has at least 8`);
  }
  const view = new DataView(start.buffer, start.byteOffset, 8);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length + 8 > fileSize) checkOtherFormats(start, fileName);
  if (length > maxHeaderLength)
    throw bad(fileName, `claims a header of ${length} bytes; at most ${maxHeaderLength} are read`);
  if (length + 8 > fileSize) {
    throw bad(fileName, `claims a header of ${length} bytes, but the file has only ${fileSize - 8} after the length`);
  }
  return length + 8;
}

/** Throws `badFile` for a file of another format under a name of safetensors. */
function checkOtherFormats(start: Uint8Array, fileName: string): void {
  const text = new TextDecoder('latin1').decode(start.subarray(0, 8));
  for (const [begins, what, hint] of otherFormats)
    if (text.startsWith(begins)) throw new WorkbenchError('badFile', `${fileName}: this is ${what}`, hint);
}

const otherFormats = [
  [
    'version ',
    'a Git LFS pointer, not the weights themselves',
    'Run git lfs pull in its folder, or download the file again.',
  ],
  ['GGUF', 'a GGUF file', 'Use the safetensors files that it was made of.'],
  ['PK\x03\x04', "a file of PyTorch's, not of safetensors", 'Save it again with safe_serialization=True.'],
  ['\x80\x02', "a file of PyTorch's, not of safetensors", 'Save it again with safe_serialization=True.'],
  ['<', 'a web page, not the weights', 'Download the file again; a gated model needs a token.'],
] as const;

/**
 * Reads and checks the header: every tensor lies inside the file, has as many bytes as its shape and dtype need,
 * and together they fill the file without overlap or gap (the reference implementation demands the same).
 *
 * @param bytes the start of the file, at least up to the end of the header (see `safetensorsHeaderEnd`)
 * @throws WorkbenchError `badFile` naming the file, the tensor and what is wrong; `unsupported` for other dtypes
 */
export function parseSafetensorsHeader(bytes: Uint8Array, fileSize: number, fileName: string): SafetensorsHeader {
  const dataStart = safetensorsHeaderEnd(bytes, fileSize, fileName);
  if (bytes.length < dataStart) {
    throw bad(fileName, `has a header of ${dataStart - 8} bytes of which only ${bytes.length - 8} could be read`);
  }
  const header = parseHeaderJson(bytes.subarray(8, dataStart), fileName);
  const names = Object.keys(header).filter(name => name !== '__metadata__');
  if (names.length > maxTensors) throw bad(fileName, `lists ${names.length} tensors; at most ${maxTensors} are read`);
  const tensors = new Map<string, TensorEntry>();
  for (const name of names) tensors.set(name, parseEntry(header[name], name, dataStart, fileSize, fileName));
  checkLayout(tensors, dataStart, fileSize, fileName);
  return { tensors, metadata: parseMetadata(header.__metadata__, fileName) };
}

/**
 * A tensor's values as single floats.
 *
 * @param bytes exactly the tensor's bytes, `entry.begin` to `entry.end` of the file
 * @throws WorkbenchError `unsupported` for a dtype that is not a float
 */
export function readTensorF32(entry: Pick<TensorEntry, 'dtype' | 'shape'>, bytes: Uint8Array): Float32Array {
  const count = product(entry.shape);
  if (bytes.length !== count * dtypeSize[entry.dtype]) {
    const needed = count * dtypeSize[entry.dtype];
    throw new WorkbenchError(
      'badFile',
      `A tensor [${entry.shape}] of ${entry.dtype} needs ${needed} bytes, got ${bytes.length}`,
    );
  }
  // A copy, because a typed array must start at a multiple of its element size and a tensor need not; and not by
  // bytes.slice(), which for Node's Buffer is no copy but a view of a larger buffer.
  const { buffer } = Uint8Array.from(bytes);
  switch (entry.dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'F16':
      return upcast(new Uint16Array(buffer), halfToFloat);
    case 'BF16':
      return upcast(new Uint16Array(buffer), bfloatToFloat);
    default:
      throw new WorkbenchError('unsupported', `A tensor of ${entry.dtype} cannot be read as floats`);
  }
}

/** A loop, because Float32Array.from goes through an iterator, which takes ten times as long. */
function upcast(halves: Uint16Array, toFloat: (half: number) => number): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = toFloat(halves[i]!);
  return floats;
}

/**
 * A safetensors file as chunks to be written one after another: the header, padded to a multiple of 8 bytes, then the
 * tensors by falling element size and then by name, the order of the reference writer (it keeps every tensor aligned).
 *
 * @throws WorkbenchError `badRequest` for two tensors of one name, or data that does not fill the shape
 */
export function encodeSafetensors(tensors: TensorToWrite[], metadata: Record<string, string> = {}): Uint8Array[] {
  const sorted = [...tensors].sort(
    (a, b) => dtypeSize[b.dtype] - dtypeSize[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const chunks = sorted.map(encodeTensor);
  return [safetensorsHeader(sorted, metadata).header, ...chunks];
}

/**
 * The beginning of a file with these tensors, one behind the other, and where each begins in the file. Data begins at a
 * multiple of `align` bytes.
 */
export function safetensorsHeader(
  tensors: readonly Pick<TensorToWrite, 'name' | 'dtype' | 'shape'>[],
  metadata: Record<string, string> = {},
  align = 8,
): { header: Uint8Array; begins: number[] } {
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  const seen = new Set(['__metadata__']);
  const offsets: number[] = [];
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    if (seen.has(name)) throw new WorkbenchError('badRequest', `Two tensors to write are named ${name}`);
    seen.add(name);
    const end = offset + product(shape) * dtypeSize[dtype];
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offsets.push(offset);
    offset = end;
  }
  // Written by hand at the top level: an object would move names like '0' to the front and lose '__proto__'.
  const text = `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`;
  const json = new TextEncoder().encode(text);
  const length = Math.ceil((8 + json.length) / align) * align;
  const header = new Uint8Array(length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length - 8), true);
  header.set(json, 8);
  return { header, begins: offsets.map(at => length + at) };
}

function parseHeaderJson(bytes: Uint8Array, fileName: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw bad(fileName, 'has a header that is not UTF-8 text');
  }
  if (text[0] !== '{') throw bad(fileName, "has a header that does not start with '{'");
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw bad(fileName, `has a header that is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw bad(fileName, `names ${quote(duplicate)} twice in its header`);
  return header as Record<string, unknown>;
}

function parseEntry(value: unknown, name: string, dataStart: number, fileSize: number, fileName: string): TensorEntry {
  const wrong = (what: string) => bad(fileName, `tensor ${quote(name)}: ${what}`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('its entry is not an object');
  const { dtype, shape, data_offsets: offsets, ...rest } = value as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrong(`unknown field ${quote(unknown)}`);
  if (typeof dtype !== 'string') throw wrong('dtype is missing');
  if (!Object.hasOwn(dtypeSize, dtype)) {
    throw new WorkbenchError(
      'unsupported',
      `${fileName}: tensor ${quote(name)} has the dtype ${quote(dtype)}`,
      'Use the same weights in BF16, F16 or F32: such types hold them quantised (FP8, MLX and others).',
    );
  }
  if (!isSizes(shape) || shape.length > maxAxes) throw wrong(`shape must be a list of at most ${maxAxes} sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong('data_offsets must be two numbers');
  const [begin, end] = [dataStart + offsets[0]!, dataStart + offsets[1]!];
  if (begin > end || end > fileSize) {
    throw wrong(
      `data_offsets ${offsets} lie outside the ${fileSize - dataStart} bytes of data (is the file truncated?)`,
    );
  }
  const needed = product(shape) * dtypeSize[dtype as DType];
  if (needed !== end - begin) {
    throw wrong(`shape [${shape}] of ${dtype} needs ${needed} bytes, data_offsets hold ${end - begin}`);
  }
  return { dtype: dtype as DType, shape, begin, end };
}

function checkLayout(tensors: Map<string, TensorEntry>, dataStart: number, fileSize: number, fileName: string): void {
  let reached = dataStart;
  for (const [name, { begin, end }] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin < reached) throw bad(fileName, `tensor ${quote(name)}: overlaps the tensor before it`);
    if (begin > reached)
      throw bad(fileName, `tensor ${quote(name)}: ${begin - reached} bytes before it belong to no tensor`);
    reached = end;
  }
  if (reached < fileSize) throw bad(fileName, `its last ${fileSize - reached} bytes belong to no tensor`);
}

function parseMetadata(value: unknown, fileName: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value) || Object.values(value).some(v => typeof v !== 'string')) {
    throw bad(fileName, '__metadata__ must be an object of strings');
  }
  return value as Record<string, string>;
}

function encodeTensor({ name, dtype, shape, data }: TensorToWrite): Uint8Array {
  const count = product(shape);
  const given = data instanceof Uint8Array ? data.length / dtypeSize[dtype] : data.length;
  if (given !== count) {
    throw new WorkbenchError('badRequest', `${name}: shape [${shape}] needs ${count} elements, the data has ${given}`);
  }
  if (data instanceof Uint8Array) return data;
  return encodeFloats(data, dtype, name);
}

/**
 * Floats in the bytes of a dtype, rounded to nearest even.
 *
 * @throws WorkbenchError `badRequest` for a dtype that is not a float
 */
export function encodeFloats(data: Float32Array, dtype: DType, name: string): Uint8Array {
  switch (dtype) {
    case 'F32':
      return asBytes(data);
    case 'F64':
      return asBytes(Float64Array.from(data));
    case 'F16':
      return asBytes(to16Bits(data, floatToHalf));
    case 'BF16':
      return asBytes(to16Bits(data, floatToBfloat));
    default:
      throw new WorkbenchError('badRequest', `${name}: floats cannot be written as ${dtype}; give its bytes`);
  }
}

/** Where the exponent of each float format is: its highest 16 bits, all ones of which mean infinity or no number. */
const exponentBits: Partial<Record<DType, number>> = { F16: 0x7c00, BF16: 0x7f80, F32: 0x7f80, F64: 0x7ff0 };

/** How many of a tensor's values are infinite or not numbers; 0 for integers. */
export function nonFiniteCount(dtype: DType, bytes: Uint8Array): number {
  const exponent = exponentBits[dtype];
  if (exponent === undefined) return 0;
  const size = dtypeSize[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let found = 0;
  for (let at = size - 2; at < bytes.length; at += size)
    if ((view.getUint16(at, true) & exponent) === exponent) found++;
  return found;
}

function asBytes(array: Float32Array | Float64Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(n => Number.isSafeInteger(n) && n >= 0);
}

/** Past 2^53 the product is inexact, but then it equals no byte count a file can have. */
function product(shape: number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

function bad(fileName: string, what: string): WorkbenchError {
  return new WorkbenchError('badFile', `${fileName}: ${what}`, 'Download or export the file again.');
}
