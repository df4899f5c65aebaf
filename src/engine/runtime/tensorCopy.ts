import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join, parse, resolve } from 'node:path';
import type { Base } from '../../experiment/base.ts';
import { storageError, writeAt, writeFileAtomic } from '../../experiment/files.ts';
import { removeStaleFiles } from '../../experiment/removeStaleFiles.ts';
import { readTensorF32 } from '../../nn/files/safetensors.ts';
import { type DType, dtypeSize } from '../../nn/tensor/dtype.ts';
import type { TensorPlace } from '../../nn/tensor/tensorPlace.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

/** A tensor of a copy. */
export interface CopiedTensor {
  name: string;
  dtype: DType;
  shape: number[];
}

/** Writes bytes of a tensor, from a byte of it on. */
export type PutTensor = (name: string, bytes: Uint8Array, at?: number) => Promise<void>;

/** A file in the cache that is made of a base's weights. */
export interface TensorCopy {
  path: string;
  /** All that the data follows from, in the file's header. */
  metadata: Record<string, string>;
  /** In the order of the file. Those that the runtime reads as codes should come last, so that the others are aligned. */
  tensors: readonly CopiedTensor[];
  write(put: PutTensor): Promise<void>;
}

/**
 * The places of a copy's tensors. It is made at the first use and kept: a copy that is damaged, or was made of something else,
 * is made anew. The base's own files are read only. Throws `storage` where it cannot be written, and `unsupported` where base
 * and cache are on different drives of Windows.
 */
export async function openTensorCopy(base: Base, copy: TensorCopy): Promise<Map<string, TensorPlace>> {
  const folder = dirname(copy.path);
  checkSameDrive(base.folder, folder);
  const layout = layoutOf(copy);
  if (!(await isWhole(copy.path, layout))) {
    await removeStaleFiles(folder);
    await writeCopy(copy, layout);
  }
  return layout.places;
}

/** Whether two paths are on one drive, as all are but on Windows. */
export function areOnOneDrive(one: string, other: string, rootOf = (path: string) => parse(path).root): boolean {
  return rootOf(resolve(one)).toLowerCase() === rootOf(resolve(other)).toLowerCase();
}

/** The runtime reads a graph's files below one folder: base and copy need one that holds both. */
export function checkSameDrive(baseFolder: string, copyFolder: string, rootOf?: (path: string) => string): void {
  if (!areOnOneDrive(baseFolder, copyFolder, rootOf))
    throw new WorkbenchError(
      'unsupported',
      `the base (${resolve(baseFolder)}) and the cache for its quantised copy (${resolve(copyFolder)}) are on different drives`,
      "Move the base to the cache's drive, or leave 'quantization' out of the recipe and set 'arithmetic' to 'float'.",
    );
}

interface Layout {
  header: Buffer;
  /** Where the SHA-256 of the data stands in the header, as hexadecimal digits. */
  hashAt: number;
  places: Map<string, TensorPlace>;
  size: number;
}

const noHash = '0'.repeat(64);

function layoutOf({ path, metadata, tensors }: TensorCopy): Layout {
  const entries: Record<string, unknown> = { __metadata__: { ...metadata, sha256: noHash } };
  let at = 0;
  const found = tensors.map(({ name, dtype, shape }): [string, TensorPlace] => {
    const length = shape.reduce((a, b) => a * b, dtypeSize[dtype]);
    entries[name] = { dtype, shape, data_offsets: [at, at + length] };
    at += length;
    return [name, { file: path, dtype, shape, offset: at - length, length }];
  });
  const json = Buffer.from(JSON.stringify(entries));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 64) * 64, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  const places = new Map(found.map(([name, p]) => [name, { ...p, offset: p.offset + header.length }]));
  return { header, hashAt: header.indexOf(noHash), places, size: header.length + at };
}

/** Whether the copy is there, is of the same things, and has the data that was written. */
async function isWhole(path: string, { header, hashAt, size }: Layout): Promise<boolean> {
  const file = await open(path).catch(error => {
    if (error.code === 'ENOENT') return undefined;
    throw storageError(error, path);
  });
  if (!file) return false;
  try {
    if ((await file.stat()).size !== size) return false;
    const found = Buffer.alloc(header.length);
    await file.read(found, 0, found.length, 0);
    const hash = found.toString('latin1', hashAt, hashAt + noHash.length);
    found.write(noHash, hashAt, 'latin1');
    return found.equals(header) && hash === (await hashData(file, header.length));
  } finally {
    await file.close();
  }
}

async function hashData(file: FileHandle, start: number): Promise<string> {
  const hash = createHash('sha256');
  const chunks = file.createReadStream({ start, autoClose: false, highWaterMark: 1 << 20 });
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

async function writeCopy({ path, write }: TensorCopy, { header, hashAt, places }: Layout): Promise<void> {
  await writeFileAtomic(path, async file => {
    await write((name, bytes, at = 0) => writeAt(file, bytes, places.get(name)!.offset + at));
    await writeAt(file, header, 0);
    const hash = await hashData(file, header.length);
    await writeAt(file, Buffer.from(hash, 'latin1'), hashAt);
  });
}

/** Some rows of a weight of the base, in F32. */
export async function readRows(base: Base, name: string, row: number, count: number): Promise<Float32Array> {
  const place = base.tensors.get(name)!;
  const [rows, cols] = place.shape as [number, number];
  const path = join(base.folder, place.file);
  const file = await open(path);
  try {
    const bytes = Buffer.alloc((place.length / rows) * count);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, place.offset + (place.length / rows) * row);
    if (bytesRead < bytes.length) throw new WorkbenchError('badFile', `${path} became shorter while it was read`);
    return readTensorF32({ dtype: place.dtype, shape: [count, cols] }, bytes);
  } finally {
    await file.close();
  }
}

export function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}
