import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { type Base, hashBase, loadBase } from '../../experiment/base.ts';
import { storageError, writeAt, writeFileAtomic } from '../../experiment/files.ts';
import { removeStaleFiles } from '../../experiment/removeStaleFiles.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { readTensorF32 } from '../../nn/files/safetensors.ts';
import { codeBits, type QuantizedTensor, quantizedTensors } from '../../nn/model/quantizedTensors.ts';
import { blockSize, blocksPerRow, bytesPerBlock, codesOf, encodeBlocks, scalesOf } from '../../nn/quant/blocks.ts';
import { dtypeSize } from '../../nn/tensor/dtype.ts';
import type { TensorPlace } from '../../nn/tensor/tensorPlace.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Quantization } from '../../protocol/quantization.ts';
import type { Recipe } from '../../recipe/schema.ts';

/** Version of the layout and the arithmetic of a quantised copy; each version has files of its own. */
const formatVersion = 1;
/** Weights of the base that are in memory at a time. */
const chunkWeights = 1 << 22;

/** Progress is in tensors. */
export interface QuantizeOptions extends WorkWatch {
  quantization: Quantization;
  /** The copy is kept below it. */
  cacheFolder: string;
}

/** A base as a recipe wants it: as it is stored, or with quantised copies. */
export async function openBase(
  folder: string,
  quantization: Recipe['quantization'],
  cacheFolder: string,
  watch?: WorkWatch,
): Promise<Base> {
  const base = await loadBase(folder, { cacheFolder, ...watch });
  return quantization === 'none' ? base : quantizeBase(base, { ...watch, quantization, cacheFolder });
}

/**
 * A base with quantised copies of its products' weights, made at the first use and kept: the same base when it is asked
 * for again. The base's own files are read only. A copy that is damaged, or not of these weights, is made anew. Throws
 * `storage` where it cannot be written, and `unsupported` where base and cache are on different drives of Windows.
 */
export async function quantizeBase(base: Base, o: QuantizeOptions): Promise<Base> {
  const folder = join(o.cacheFolder, 'quantized');
  checkSameDrive(base.folder, folder);
  const hash = await hashBase(base);
  const path = join(folder, `${hash}-${o.quantization}-b${blockSize}-v${formatVersion}.safetensors`);
  const wanted = layout(base, hash, o.quantization);
  if (!(await isWhole(path, wanted))) {
    await removeStaleFiles(folder);
    await writeCopy(base, path, wanted, o);
  }
  return { ...base, quantization: o.quantization, tensors: placesWith(base, path, wanted) };
}

/** The runtime reads a graph's files below one folder: base and copy need one that holds both. */
export function checkSameDrive(
  baseFolder: string,
  copyFolder: string,
  rootOf = (path: string) => parse(path).root,
): void {
  const [from, to] = [resolve(baseFolder), resolve(copyFolder)];
  if (rootOf(from).toLowerCase() !== rootOf(to).toLowerCase())
    throw new WorkbenchError(
      'unsupported',
      `the base (${from}) and the cache for its quantised copy (${to}) are on different drives`,
      "Move the base to the cache's drive, or leave 'quantization' out of the recipe.",
    );
}

/** A quantised copy's tensors with their places in the file, scales before codes so that these are aligned. */
interface Layout {
  header: Buffer;
  /** Where the SHA-256 of the data stands in the header, as hexadecimal digits. */
  hashAt: number;
  weights: { tensor: QuantizedTensor; codes: TensorPlace; scales: TensorPlace }[];
  size: number;
}

const noHash = '0'.repeat(64);

function layout(base: Base, hash: string, quantization: Quantization): Layout {
  const bits = codeBits[quantization];
  const tensors = quantizedTensors(base.config);
  const entries: Record<string, unknown> = {
    __metadata__: {
      base: hash,
      quantization,
      block: String(blockSize),
      version: String(formatVersion),
      sha256: noHash,
    },
  };
  let at = 0;
  const place = (name: string, dtype: 'F32' | 'U8', shape: number[]): TensorPlace => {
    const length = shape.reduce((a, b) => a * b, dtypeSize[dtype]);
    entries[name] = { dtype, shape, data_offsets: [at, at + length] };
    at += length;
    return { file: '', dtype, shape, offset: at - length, length };
  };
  const scales = tensors.map(t => place(scalesOf(t.name), 'F32', [t.rows, blocksPerRow(t.cols)]));
  const codes = tensors.map(t => place(codesOf(t.name), 'U8', [t.rows, blocksPerRow(t.cols), bytesPerBlock(bits)]));
  const json = Buffer.from(JSON.stringify(entries));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 64) * 64, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  const moved = (p: TensorPlace): TensorPlace => ({ ...p, offset: p.offset + header.length });
  return {
    header,
    hashAt: header.indexOf(noHash),
    weights: tensors.map((tensor, i) => ({ tensor, codes: moved(codes[i]!), scales: moved(scales[i]!) })),
    size: header.length + at,
  };
}

/** The base's tensors and, beside them, the copies. */
function placesWith(base: Base, path: string, { weights }: Layout): Map<string, TensorPlace> {
  const places = new Map(base.tensors);
  for (const { tensor, codes, scales } of weights) {
    places.set(tensor.name, base.tensors.get(tensor.source)!);
    places.set(codesOf(tensor.name), { ...codes, file: path });
    places.set(scalesOf(tensor.name), { ...scales, file: path });
  }
  return places;
}

/** Whether the copy is there, is of this base, and has the data that was written. */
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

/** Quantises one weight after the other, some rows at a time, so that few of the base's weights are in memory at once. */
async function writeCopy(base: Base, path: string, { header, hashAt, weights }: Layout, o: QuantizeOptions) {
  await writeFileAtomic(path, async file => {
    for (const [i, { tensor, codes, scales }] of weights.entries()) {
      const { rows, cols } = tensor;
      const step = Math.max(1, Math.floor(chunkWeights / cols));
      for (let row = 0; row < rows; row += step) {
        o.signal?.throwIfAborted();
        const count = Math.min(step, rows - row);
        const read = await readRows(base, tensor.source, row, count);
        const blocks = encodeBlocks(read, count, cols, codeBits[o.quantization]);
        await writeAt(file, blocks.codes, codes.offset + (codes.length / rows) * row);
        await writeAt(file, bytesOf(blocks.scales), scales.offset + (scales.length / rows) * row);
        // Lets the process read a cancellation.
        await new Promise(resolve => setImmediate(resolve));
      }
      o.progress?.(i + 1, weights.length);
    }
    await writeAt(file, header, 0);
    const hash = await hashData(file, header.length);
    await writeAt(file, Buffer.from(hash, 'latin1'), hashAt);
  });
}

/** Some rows of a weight of the base, in F32. */
async function readRows(base: Base, name: string, row: number, count: number): Promise<Float32Array> {
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

function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}
