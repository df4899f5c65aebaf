import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Base, hashBase } from '../../experiment/base.ts';
import { makeWritableFolder } from '../../experiment/files.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { buildInputMaximaGraph } from '../../nn/model/inputMaxima.ts';
import { int8Tensors, isSmoothed, smoothingName, withInt8Places } from '../../nn/model/int8Tensors.ts';
import { type LinearGroup, linearGroups } from '../../nn/model/layout.ts';
import { firstPosition, longTextsAbove } from '../../nn/model/rope.ts';
import { outputWeight } from '../../nn/model/transformer.ts';
import {
  columnMaxima,
  encodeBackward,
  encodeForward,
  type Int8Weight,
  int8Names,
  smoothingScales,
} from '../../nn/quant/int8Weights.ts';
import { dtypeSize } from '../../nn/tensor/dtype.ts';
import { renderChat, tokensOf } from '../../nn/tokenizer/chatTemplate.ts';
import type { Arithmetic } from '../../protocol/arithmetic.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes } from '../../text/numbers.ts';
import { createSession, int64s, readFloats } from '../runtime/session.ts';
import { bytesOf, openTensorCopy, type PutTensor, readRows } from '../runtime/tensorCopy.ts';
import { calibrationChats } from './calibrationChats.ts';

/** Version of the codes, of what they are calibrated with, and of their layout; each version has files of its own. */
const formatVersion = 1;

/** What is told while a copy is made. */
export const roundingMessage = 'rounding the base to 8 bits';

/** Progress is in groups of layers that share an input. */
export interface Int8Options extends WorkWatch {
  /** The copy is kept below it. */
  cacheFolder: string;
  threads: number;
}

const known = new WeakMap<Base, Base>();

/** The base as graphs of an arithmetic read it: with codes beside its tensors where products are in 8 bits. */
export async function trainingBase(base: Base, arithmetic: Arithmetic | undefined, o: Int8Options): Promise<Base> {
  if (arithmetic !== 'int8') return base;
  const found = known.get(base) ?? (await withInt8Codes(base, o));
  known.set(base, found);
  return found;
}

/**
 * A base whose tensors have 8-bit codes beside them, for the products of its training graphs, as `openTensorCopy` keeps
 * them. They follow from the base alone: what inputs are smoothed with is measured on texts that are always the same, so that
 * every run on a base computes with the same codes.
 */
export async function withInt8Codes(base: Base, o: Int8Options): Promise<Base> {
  const { path, hash } = await copyPath(base, o.cacheFolder);
  const tensors = int8Tensors(base.config);
  const copies = await openTensorCopy(base, {
    path,
    metadata: { base: hash, version: String(formatVersion) },
    tensors: [...tensors.filter(t => t.dtype === 'F32'), ...tensors.filter(t => t.dtype === 'I8')],
    write: put => writeCodes(base, put, o),
  });
  return { ...base, tensors: withInt8Places(base.config, base.tensors, name => copies.get(name)!) };
}

async function copyPath(base: Base, cacheFolder: string): Promise<{ path: string; hash: string }> {
  const hash = await hashBase(base);
  return { hash, path: join(copyFolder(cacheFolder), `${hash}-products-v${formatVersion}.safetensors`) };
}

const copyFolder = (cacheFolder: string) => join(cacheFolder, 'quantized');

/** Why a base's codes cannot be kept in the cache: undefined where they can be, or are there. */
export async function obstacleToCodes(base: Base, cacheFolder: string): Promise<string | undefined> {
  const folder = copyFolder(cacheFolder);
  const needed = int8Tensors(base.config).reduce(
    (sum, { dtype, shape }) => sum + shape.reduce((a, b) => a * b, dtypeSize[dtype]),
    0,
  );
  let obstacle: string;
  try {
    await makeWritableFolder(folder);
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize > needed) return undefined;
    obstacle = `${folder} has ${bytes(bavail * bsize)} left, and they take ${bytes(needed)}`;
  } catch (error) {
    if (!(error instanceof WorkbenchError && error.code === 'storage')) throw error;
    obstacle = error.message;
  }
  // Looked for last, because its name is a hash of the whole base.
  const { path } = await copyPath(base, cacheFolder);
  const size = await stat(path).then(
    found => found.size,
    () => 0,
  );
  return size > needed ? undefined : obstacle;
}

async function writeCodes(base: Base, put: PutTensor, o: Int8Options): Promise<void> {
  const maxima = await inputMaxima(base, o);
  const groups = linearGroups(base.config);
  for (const [i, group] of groups.entries()) {
    o.signal?.throwIfAborted();
    await writeGroup(base, group, maxima.get(group.name)!, put);
    o.progress?.(i + 1, groups.length + 1);
  }
  const name = outputWeight(base.config);
  const { vocab, dim } = base.config;
  await putForward(put, name, encodeForward(await readRows(base, name, 0, vocab), vocab, dim));
  o.progress?.(groups.length + 1, groups.length + 1);
}

async function writeGroup(base: Base, group: LinearGroup, inputs: Float32Array, put: PutTensor): Promise<void> {
  const largest = new Float32Array(group.in);
  const weights = new Map<string, Float32Array>();
  for (const { path, out, in: width } of group.layers) {
    const W = await readRows(base, `${path}.weight`, 0, out);
    weights.set(path, W);
    for (const [i, x] of columnMaxima(W, out, width).entries()) largest[i] = Math.max(largest[i]!, x);
  }
  const s = isSmoothed(group) ? smoothingScales(inputs, largest) : undefined;
  if (s) await put(smoothingName(group), bytesOf(s.map(x => 1 / x)));
  for (const { path, out, in: width } of group.layers) {
    const W = weights.get(path)!;
    await putForward(put, `${path}.weight`, encodeForward(W, out, width, s));
    const { codes, scales } = encodeBackward(W, out, width);
    await put(int8Names.backward(`${path}.weight`), new Uint8Array(codes.buffer));
    await put(int8Names.backwardScales(`${path}.weight`), bytesOf(scales));
    // Lets the process read a cancellation.
    await new Promise(resolve => setImmediate(resolve));
  }
}

async function putForward(put: PutTensor, weight: string, { codes, scales }: Int8Weight): Promise<void> {
  await put(int8Names.forward(weight), new Uint8Array(codes.buffer));
  await put(int8Names.forwardScales(weight), bytesOf(scales));
}

/** The largest magnitude in each column of what the base's linear layers read of the texts, by group. */
async function inputMaxima(base: Base, { threads, signal }: Int8Options): Promise<Map<string, Float32Array>> {
  const { config } = base;
  const session = await createSession(buildInputMaximaGraph(config, base.tensors), {
    folder: base.folder,
    threads,
    varyingShapes: true,
    packsWeights: false,
  });
  const largest = new Map<string, Float32Array>();
  try {
    for (const ids of calibrationIds(base)) {
      signal?.throwIfAborted();
      const found = await session.run({
        ids: int64s(ids, [1, ids.length]),
        ...(longTextsAbove(config) !== undefined && {
          firstPositions: int64s([firstPosition(config, ids.length)], [1, 1]),
        }),
      });
      for (const [group, maxima] of Object.entries(found)) {
        const known = largest.get(group);
        largest.set(
          group,
          Float32Array.from(readFloats(maxima), (x, i) => Math.max(x, known?.[i] ?? 0)),
        );
      }
    }
  } finally {
    await session.dispose();
  }
  return largest;
}

/** Words that are kept where a base's texts are short. */
const mostTokens = 512;

function calibrationIds(base: Base): number[][] {
  const { tokenizer, chatTemplate } = base.text();
  const most = Math.min(mostTokens, base.config.maxLength);
  return calibrationChats.map(([question, answer]) => {
    const messages = [
      { role: 'user' as const, content: question },
      { role: 'assistant' as const, content: answer },
    ];
    const options = { ...tokensOf(tokenizer), addGenerationPrompt: false, thinking: false };
    return tokenizer.encode(renderChat(chatTemplate, messages, options), { addSpecialTokens: false }).slice(0, most);
  });
}
