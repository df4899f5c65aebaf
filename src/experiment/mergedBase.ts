import { open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeFloats,
  encodeSafetensors,
  nonFiniteCount,
  parseSafetensorsHeader,
  readTensorF32,
  safetensorsHeaderEnd,
  type TensorEntry,
  type TensorToWrite,
} from '../nn/files/safetensors.ts';
import { mergedTensor, namesInCopy, unties } from '../nn/merge/mergedTensor.ts';
import type { WeightedAdapter } from '../nn/merge/mergeError.ts';
import type { ModuleNames } from '../nn/model/architectureTraits.ts';
import type { DType } from '../nn/tensor/dtype.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Base, isCompanionFile, weightIndexFile } from './base.ts';
import { resultMark } from './checkOutput.ts';
import { folderFiles, readBytes, writeFolderAtomic } from './files.ts';

/** Told of each layer that is changed: its path, and its weight in the base and in the copy, both as they are stored. */
export type LayerWatch = (module: string, before: Float32Array, written: Float32Array) => void;

/**
 * Writes a full Hugging Face folder whose weights are W + Σ wᵢ ΔWᵢ, in the base's own number format: the base itself
 * is not touched. Where its output layer is its embedding and one of them alone changes, the copy has both apart. One
 * weight file is in memory at a time. Throws `badRequest` where that format cannot hold a sum, and `badFile` for a base
 * with weights that are not finite; nothing is written then.
 * `check` is as for writeFolderAtomic.
 */
export async function writeMergedBase(
  base: Base,
  adapters: WeightedAdapter[],
  out: string,
  { check, watch }: { check?: () => Promise<void>; watch?: LayerWatch } = {},
): Promise<void> {
  const files = new Map<string, Uint8Array | (() => Promise<Uint8Array[]>)>();
  for (const name of await folderFiles(base.folder))
    if (isCompanionFile(name) || name === weightIndexFile)
      files.set(name, await readBytes(join(base.folder, name), name));
  const untied = unties(base.config, adapters);
  if (untied) {
    files.set('config.json', encodeJson({ ...base.configJson, tie_word_embeddings: false }));
    const index = files.get(weightIndexFile);
    if (index instanceof Uint8Array) files.set(weightIndexFile, withHead(index, base.config.names));
  }
  for (const file of base.weightFiles) files.set(file, () => mergedFile(base, file, adapters, untied, watch));
  await writeFolderAtomic(out, files, check);
}

const encodeJson = (json: unknown) => new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);

/** The index of a base's weight files, with an output layer beside the embedding. */
function withHead(index: Uint8Array, names: ModuleNames): Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(index));
  return encodeJson({
    ...json,
    weight_map: { ...json.weight_map, [`${names.head}.weight`]: json.weight_map[`${names.embedding}.weight`] },
  });
}

async function mergedFile(
  base: Base,
  file: string,
  adapters: WeightedAdapter[],
  untied: boolean,
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
    const tensors = [...header.tensors].flatMap(([name, entry]): TensorToWrite[] => {
      const raw = bytes.subarray(entry.begin, entry.end);
      checkOwn(path, name, nonFiniteCount(entry.dtype, raw));
      return namesInCopy(name, base.config, untied).map(to => tensorOfCopy(to, entry, raw, adapters, watch));
    });
    return encodeSafetensors(tensors, { ...header.metadata, ...resultMark });
  } finally {
    await handle.close();
  }
}

/** A tensor of the base, under a name of the copy, with what the adapters make of it. */
function tensorOfCopy(
  name: string,
  { dtype, shape }: TensorEntry,
  raw: Uint8Array,
  adapters: WeightedAdapter[],
  watch?: LayerWatch,
): TensorToWrite {
  const tensor = mergedTensor(name, shape[0]!, () => readTensorF32({ dtype, shape }, raw), adapters);
  if (!tensor) return { name, dtype, shape, data: raw };
  const data = encodeFloats(tensor.merged, dtype, name);
  checkMerged(name, dtype, nonFiniteCount(dtype, data));
  if (tensor.hasFactors) watch?.(name.replace(/\.weight$/, ''), tensor.before, readTensorF32({ dtype, shape }, data));
  return { name, dtype, shape, data };
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
