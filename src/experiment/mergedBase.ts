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
import { type Adapter, embeddingPath, headPath } from '../nn/lora/adapter.ts';
import { mergeDelta, mergeOwn } from '../nn/merge/mergeIntoBase.ts';
import type { DType } from '../nn/tensor/dtype.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Base, isCompanionFile, weightIndexFile } from './base.ts';
import { resultMark } from './checkOutput.ts';
import { folderFiles, readBytes, writeFolderAtomic } from './files.ts';

/** Told of each layer that is changed: its path, and its weight in the base and in the copy, both as they are stored. */
export type LayerWatch = (module: string, before: Float32Array, written: Float32Array) => void;

/** An adapter and its weight in the sum. */
interface Part {
  adapter: Adapter;
  weight: number;
}

const embedding = `${embeddingPath}.weight`;
const head = `${headPath}.weight`;

/**
 * Writes a full Hugging Face folder whose weights are W + Σ wᵢ ΔWᵢ, in the base's own number format: the base itself
 * is not touched. Where its output layer is its embedding and one of them alone changes, the copy has both apart. One weight file is in memory at a time. Throws `badRequest` where that format cannot hold a sum, and
 * `badFile` for a base with weights that are not finite; nothing is written then.
 * `check` is as for writeFolderAtomic.
 */
export async function writeMergedBase(
  base: Base,
  adapters: Part[],
  out: string,
  { check, watch }: { check?: () => Promise<void>; watch?: LayerWatch } = {},
): Promise<void> {
  const files = new Map<string, Uint8Array | (() => Promise<Uint8Array[]>)>();
  for (const name of await folderFiles(base.folder))
    if (isCompanionFile(name) || name === weightIndexFile)
      files.set(name, await readBytes(join(base.folder, name), name));
  const untied = base.config.tied && adapters.some(({ adapter }) => isUntied(adapter));
  if (untied) {
    files.set('config.json', encodeJson({ ...base.configJson, tie_word_embeddings: false }));
    const index = files.get(weightIndexFile);
    if (index instanceof Uint8Array) files.set(weightIndexFile, withHead(index));
  }
  for (const file of base.weightFiles) files.set(file, () => mergedFile(base, file, adapters, untied, watch));
  await writeFolderAtomic(out, files, check);
}

/** Whether what an adapter makes of the embedding is not what it makes of the output layer. */
function isUntied({ modules, own }: Adapter): boolean {
  const trained = (name: string) => (own?.get(name)?.isCopy ? undefined : own?.get(name));
  if (modules.has(embeddingPath) || modules.has(headPath) || trained(head)) return true;
  // Rows of single tokens are trained in both, as PEFT ties them.
  const whole = trained(embedding);
  return whole !== undefined && whole.rows === undefined;
}

const encodeJson = (json: unknown) => new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);

/** The index of a base's weight files, with an output layer beside the embedding. */
function withHead(index: Uint8Array): Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(index));
  return encodeJson({ ...json, weight_map: { ...json.weight_map, [head]: json.weight_map[embedding] } });
}

async function mergedFile(
  base: Base,
  file: string,
  adapters: Part[],
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
      const names = untied && name === embedding ? [embedding, head] : [name];
      return names.map(to => mergedTensor(to, entry, raw, adapters, watch));
    });
    return encodeSafetensors(tensors, { ...header.metadata, ...resultMark });
  } finally {
    await handle.close();
  }
}

/** A tensor of the base, under a name of the copy, with what the adapters make of it. */
function mergedTensor(
  name: string,
  { dtype, shape }: TensorEntry,
  raw: Uint8Array,
  adapters: Part[],
  watch?: LayerWatch,
): TensorToWrite {
  const module = name.replace(/\.weight$/, '');
  const factors = adapters.flatMap(({ adapter, weight }) => {
    const found = name.endsWith('.weight') ? adapter.modules.get(module) : undefined;
    return found ? [{ ...found, weight }] : [];
  });
  const own = adapters.flatMap(({ adapter, weight }) => {
    const found = adapter.own?.get(name);
    return found ? [{ ...found, weight, adapter: adapter.name }] : [];
  });
  if (factors.length === 0 && own.length === 0) return { name, dtype, shape, data: raw };
  const before = readTensorF32({ dtype, shape }, raw);
  for (const { isCopy, data, adapter } of own) if (isCopy) checkCopy(name, data, before, adapter);
  const trained = own.filter(({ isCopy }) => !isCopy);
  const sum = factors.length > 0 ? mergeDelta(before, factors) : before;
  const data = encodeFloats(trained.length > 0 ? mergeOwn(sum, shape[0]!, trained) : sum, dtype, name);
  checkMerged(name, dtype, nonFiniteCount(dtype, data));
  if (factors.length > 0) watch?.(module, before, readTensorF32({ dtype, shape }, data));
  return { name, dtype, shape, data };
}

/** A copy may have been saved in another format, of at least 8 significant bits. */
function checkCopy(name: string, copy: Float32Array, before: Float32Array, adapter: string): void {
  if (copy.every((x, i) => Math.abs(x - before[i]!) <= 2 ** -7 * Math.abs(before[i]!) + 1e-6)) return;
  throw new WorkbenchError(
    'mismatch',
    `Adapter ${adapter}: the ${name} that it was trained on is another than the base's; nothing was written`,
    'Was it trained for another base, or with added tokens?',
  );
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
