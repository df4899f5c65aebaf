import { open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeSafetensors,
  parseSafetensorsHeader,
  readTensorF32,
  safetensorsHeaderEnd,
  type TensorToWrite,
} from '../nn/files/safetensors.ts';
import type { Adapter } from '../nn/lora/adapter.ts';
import { mergeDelta } from '../nn/merge/mergeIntoBase.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Base, isCompanionFile, weightIndexFile } from './base.ts';
import { resultMark } from './checkOutput.ts';
import { folderFiles, readBytes, writeFolderAtomic } from './files.ts';

/**
 * Writes a full Hugging Face folder whose weights are W + Σ wᵢ sᵢ Bᵢ Aᵢ, in the base's own number format: the base itself
 * is not touched. One weight file is in memory at a time. `check` is as for writeFolderAtomic.
 */
export async function writeMergedBase(
  base: Base,
  adapters: { adapter: Adapter; weight: number }[],
  out: string,
  check?: () => Promise<void>,
): Promise<void> {
  const files = new Map<string, Uint8Array | (() => Promise<Uint8Array[]>)>();
  for (const name of await folderFiles(base.folder))
    if (isCompanionFile(name) || name === weightIndexFile)
      files.set(name, await readBytes(join(base.folder, name), name));
  for (const file of base.weightFiles) files.set(file, () => mergedFile(base, file, adapters));
  await writeFolderAtomic(out, files, check);
}

async function mergedFile(
  base: Base,
  file: string,
  adapters: { adapter: Adapter; weight: number }[],
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
      const data = factors.length > 0 ? mergeDelta(readTensorF32(entry, raw), factors) : raw;
      return { name, dtype: entry.dtype, shape: entry.shape, data };
    });
    return encodeSafetensors(tensors, { ...header.metadata, ...resultMark });
  } finally {
    await handle.close();
  }
}
