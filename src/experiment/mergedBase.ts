import { open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeFloats,
  encodeSafetensors,
  nonFiniteCount,
  parseSafetensorsHeader,
  readTensorF32,
  safetensorsHeaderEnd,
  type TensorToWrite,
} from '../nn/files/safetensors.ts';
import type { Adapter } from '../nn/lora/adapter.ts';
import { mergeDelta } from '../nn/merge/mergeIntoBase.ts';
import type { DType } from '../nn/tensor/dtype.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Base, isCompanionFile, weightIndexFile } from './base.ts';
import { resultMark } from './checkOutput.ts';
import { folderFiles, readBytes, writeFolderAtomic } from './files.ts';

/** Told of each layer that is changed: its path, and its weight in the base and in the copy, both as they are stored. */
export type LayerWatch = (module: string, before: Float32Array, written: Float32Array) => void;

/**
 * Writes a full Hugging Face folder whose weights are W + Σ wᵢ sᵢ Bᵢ Aᵢ, in the base's own number format: the base itself
 * is not touched. One weight file is in memory at a time. Throws `badRequest` where that format cannot hold a sum, and
 * `badFile` for a base with weights that are not finite; nothing is written then.
 * `check` is as for writeFolderAtomic.
 */
export async function writeMergedBase(
  base: Base,
  adapters: { adapter: Adapter; weight: number }[],
  out: string,
  { check, watch }: { check?: () => Promise<void>; watch?: LayerWatch } = {},
): Promise<void> {
  const files = new Map<string, Uint8Array | (() => Promise<Uint8Array[]>)>();
  for (const name of await folderFiles(base.folder))
    if (isCompanionFile(name) || name === weightIndexFile)
      files.set(name, await readBytes(join(base.folder, name), name));
  for (const file of base.weightFiles) files.set(file, () => mergedFile(base, file, adapters, watch));
  await writeFolderAtomic(out, files, check);
}

async function mergedFile(
  base: Base,
  file: string,
  adapters: { adapter: Adapter; weight: number }[],
  watch?: LayerWatch,
): Promise<Uint8Array[]> {
  const path = join(base.folder, file);
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(size);
    // One read gives at most 2 GiB, and a shard may be larger.
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, 2 ** 30), at);
      if (bytesRead === 0) throw new WorkbenchError('badFile', `${path} became shorter while it was read`);
      at += bytesRead;
    }
    const header = parseSafetensorsHeader(bytes.subarray(0, safetensorsHeaderEnd(bytes, size, path)), size, path);
    const tensors = [...header.tensors].map(([name, entry]): TensorToWrite => {
      const raw = bytes.subarray(entry.begin, entry.end);
      const module = name.replace(/\.weight$/, '');
      const factors = adapters.flatMap(({ adapter, weight }) => {
        const own = adapter.modules.get(module);
        return own ? [{ ...own, weight }] : [];
      });
      const { dtype, shape } = entry;
      checkOwn(path, name, nonFiniteCount(dtype, raw));
      if (factors.length === 0) return { name, dtype, shape, data: raw };
      const before = readTensorF32(entry, raw);
      const data = encodeFloats(mergeDelta(before, factors), dtype, name);
      checkMerged(name, dtype, nonFiniteCount(dtype, data));
      watch?.(module, before, readTensorF32(entry, data));
      return { name, dtype, shape, data };
    });
    return encodeSafetensors(tensors, { ...header.metadata, ...resultMark });
  } finally {
    await handle.close();
  }
}

function checkOwn(path: string, name: string, broken: number): void {
  if (broken === 0) return;
  throw new WorkbenchError(
    'badFile',
    `${path}: '${name}' of the base holds ${broken} values that are infinite or not numbers; nothing was written`,
    'Get the base again.',
  );
}

function checkMerged(name: string, dtype: DType, broken: number): void {
  if (broken === 0) return;
  throw new WorkbenchError(
    'badRequest',
    `${name}: ${broken} values of the sum are beyond what ${dtype} holds, in which the base is stored; nothing was written`,
    'Use smaller weights, merge into an adapter (without --into-base), or take a copy of the base in F32.',
  );
}
