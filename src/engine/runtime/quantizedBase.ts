import { join } from 'node:path';
import { type Base, hashBase, loadBase } from '../../experiment/base.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { codeBits, type QuantizedTensor, quantizedTensors } from '../../nn/model/quantizedTensors.ts';
import { blockSize, blocksPerRow, bytesPerBlock, codesOf, encodeBlocks, scalesOf } from '../../nn/quant/blocks.ts';
import type { Quantization } from '../../protocol/quantization.ts';
import type { Recipe } from '../../recipe/schema.ts';
import { bytesOf, type CopiedTensor, openTensorCopy, type PutTensor, readRows } from './tensorCopy.ts';

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

/** A base as a recipe wants it: as it is stored, also for `auto`, which is about answers alone, or with quantised copies. */
export async function openBase(
  folder: string,
  quantization: Recipe['quantization'],
  cacheFolder: string,
  watch?: WorkWatch,
): Promise<Base> {
  const base = await loadBase(folder, { cacheFolder, ...watch });
  return quantization === 'auto' || quantization === 'none'
    ? base
    : quantizeBase(base, { ...watch, quantization, cacheFolder });
}

/** A base with quantised copies of its products' weights, as `openTensorCopy` keeps them: the same base when it is asked for again. */
export async function quantizeBase(base: Base, o: QuantizeOptions): Promise<Base> {
  const hash = await hashBase(base);
  const weights = quantizedTensors(base.config);
  const copies = await openTensorCopy(base, {
    path: join(o.cacheFolder, 'quantized', `${hash}-${o.quantization}-b${blockSize}-v${formatVersion}.safetensors`),
    metadata: { base: hash, quantization: o.quantization, block: String(blockSize), version: String(formatVersion) },
    tensors: copiedTensors(weights, o.quantization),
    write: put => writeBlocks(base, weights, put, o),
  });
  const tensors = new Map(base.tensors);
  for (const { name, source } of weights) tensors.set(name, base.tensors.get(source)!);
  return { ...base, quantization: o.quantization, tensors: new Map([...tensors, ...copies]) };
}

/** Scales before codes, so that these are aligned. */
function copiedTensors(weights: QuantizedTensor[], quantization: Quantization): CopiedTensor[] {
  const codeBytes = bytesPerBlock(codeBits[quantization]);
  const blocks = ({ rows, cols }: QuantizedTensor) => [rows, blocksPerRow(cols)];
  return [
    ...weights.map(w => ({ name: scalesOf(w.name), dtype: 'F32' as const, shape: blocks(w) })),
    ...weights.map(w => ({ name: codesOf(w.name), dtype: 'U8' as const, shape: [...blocks(w), codeBytes] })),
  ];
}

/** Quantises one weight after the other, some rows at a time, so that few of the base's weights are in memory at once. */
async function writeBlocks(base: Base, weights: QuantizedTensor[], put: PutTensor, o: QuantizeOptions): Promise<void> {
  const bits = codeBits[o.quantization];
  for (const [i, { name, source, rows, cols }] of weights.entries()) {
    const step = Math.max(1, Math.floor(chunkWeights / cols));
    for (let row = 0; row < rows; row += step) {
      o.signal?.throwIfAborted();
      const count = Math.min(step, rows - row);
      const { codes, scales } = encodeBlocks(await readRows(base, source, row, count), count, cols, bits);
      await put(codesOf(name), codes, row * blocksPerRow(cols) * bytesPerBlock(bits));
      await put(scalesOf(name), bytesOf(scales), 4 * row * blocksPerRow(cols));
      // Lets the process read a cancellation.
      await new Promise(resolve => setImmediate(resolve));
    }
    o.progress?.(i + 1, weights.length);
  }
}
