import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { encodeFloats, nonFiniteCount, safetensorsHeader } from '../nn/files/safetensors.ts';
import { type BaseConfig, parseBaseConfig } from '../nn/model/config.ts';
import { ggufConfig } from '../nn/model/ggufConfig.ts';
import { ggufChange, ggufTensorNames, moveRows } from '../nn/model/ggufTensors.ts';
import { baseTensors } from '../nn/model/layout.ts';
import { dequantizeGgml, ggmlBlock, ggmlTypeName } from '../nn/quant/ggmlBlocks.ts';
import { type DType, dtypeSize } from '../nn/tensor/dtype.ts';
import { ggufTokenizer, type TokenizerFiles } from '../nn/tokenizer/ggufTokenizer.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { visibleName } from '../protocol/visibleText.ts';
import { isThere, openFile, writeAt, writeFileAtomic } from './files.ts';
import { type GgufHead, type GgufTensor, ggufStamp, readGguf } from './ggufFile.ts';
import { removeStaleFiles } from './removeStaleFiles.ts';
import type { WorkWatch } from './workWatch.ts';

/** Version of what is made of a GGUF file; each has folders of its own. */
const importVersion = 1;
/** Values that are in memory at a time. */
const chunkValues = 1 << 22;
/** Bytes of a weight file; larger models have several. */
const largestShard = 2 ** 31;
/** Weights in blocks are held in F32, exactly, up to so many parameters; in F16 beyond, in half the memory. */
const mostInF32 = 1e9;

/** A base in GGUF as its graph sees it. */
export interface GgufBase {
  head: GgufHead;
  configJson: Record<string, unknown>;
  config: BaseConfig;
  /** By name in a Hugging Face checkpoint. */
  tensors: Map<string, { place: GgufTensor; dtype: DType }>;
}

/** Reads what a base in GGUF is, without its weights. Throws as readGguf does, and `unsupported` for other architectures. */
export async function readGgufBase(path: string): Promise<GgufBase> {
  const head = await readGguf(path);
  const ropeFactors = new Map<string, Float32Array>();
  for (const [name, place] of head.tensors)
    if (/^rope_\w+\.weight$/.test(name) && place.length <= 1e6)
      ropeFactors.set(name, await readValues(place, 0, place.length / ggmlBlock(place.type)!.bytes));
  const shapes = new Map([...head.tensors].map(([name, { shape }]) => [name, shape]));
  const configJson = ggufConfig({ metadata: head.metadata, shapes, ropeFactors }, path);
  const config = parseBaseConfig(configJson, path);
  const wanted = baseTensors(config);
  const parameters = [...wanted.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const tensors: GgufBase['tensors'] = new Map();
  const rest = new Set(head.tensors.keys());
  for (const [name, shape] of wanted) {
    const [named, ...others] = ggufTensorNames(name, config.architecture) ?? [];
    const place = named === undefined || others.length > 0 ? undefined : head.tensors.get(named);
    if (!place)
      throw new WorkbenchError(
        'badFile',
        `${path}: it holds no tensor '${named ?? name}'`,
        'Is the download complete?',
      );
    if (`${place.shape}` !== `${shape}`)
      throw new WorkbenchError(
        'mismatch',
        `${place.file}: '${named}' has shape [${place.shape}], the metadata implies [${shape}]`,
      );
    rest.delete(named!);
    tensors.set(name, { place, dtype: heldAs(place, parameters) });
  }
  // What is not read would be missing from every answer.
  const unread = [...rest].find(name => !/^rope_\w+\.weight$|\.attn_rot_embd$|^token_types/.test(name));
  if (unread !== undefined)
    throw new WorkbenchError(
      'unsupported',
      `${path}: the tensor '${visibleName(unread)}' is not known`,
      'Use another model.',
    );
  return { head, configJson, config, tensors };
}

function heldAs({ type }: GgufTensor, parameters: number): DType {
  const name = ggmlTypeName(type);
  if (name === 'F32' || name === 'F16' || name === 'BF16') return name;
  return parameters > mostInF32 ? 'F16' : 'F32';
}

/** What stands between tokens and text; undefined for a file without a tokenizer. */
export async function readGgufText(path: string): Promise<TokenizerFiles | undefined> {
  return ggufTokenizer((await readGguf(path)).metadata, path);
}

/**
 * The Hugging Face folder of a base in GGUF, in the cache: made at the first use, with weights in blocks dequantised, and
 * kept. Progress is in tensors. Throws as readGgufBase does, and `storage`.
 */
export async function importGguf(path: string, cacheFolder: string, watch: WorkWatch = {}): Promise<string> {
  const folder = await ggufFolder(path, cacheFolder);
  const marker = join(folder, 'config.json');
  if (await isThere(marker)) return folder;
  const base = await readGgufBase(path);
  const text = await readGgufText(path);
  await removeStaleFiles(folder);
  await writeWeights(base, folder, watch);
  const files = {
    ...(text && {
      'tokenizer.json': text.tokenizer,
      'tokenizer_config.json': text.tokenizerConfig,
      'generation_config.json': text.generationConfig,
    }),
    'gguf.json': { file: path, name: base.head.metadata['general.name'] ?? null },
    // The last: a folder that has it is whole.
    'config.json': base.configJson,
  };
  for (const [name, json] of Object.entries(files)) await writeFileAtomic(join(folder, name), JSON.stringify(json));
  return folder;
}

/** The folder that importGguf made of a base; undefined as long as it was not used. */
export async function importedGguf(path: string, cacheFolder: string): Promise<string | undefined> {
  const folder = await ggufFolder(path, cacheFolder);
  return (await isThere(join(folder, 'config.json'))) ? folder : undefined;
}

/** Where the folder of a base in GGUF is, or will be: the same for the same file, wherever it lies. */
async function ggufFolder(path: string, cacheFolder: string): Promise<string> {
  const { files } = await readGguf(path);
  const hash = createHash('sha256').update(`${importVersion}\n${await ggufStamp(path)}\n`);
  for (const file of files) {
    // Where metadata and the first weights lie; models that were trained anew have other weights.
    const { handle } = await openFile(file, 'the GGUF file');
    for (const position of [0, 2 ** 24, 2 ** 26]) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1 << 16), 0, 1 << 16, position);
      hash.update(buffer.subarray(0, bytesRead));
    }
    await handle.close();
  }
  const name = basename(path)
    .replace(/\.gguf$/i, '')
    .slice(0, 100);
  return join(cacheFolder, 'gguf', `${name}-${hash.digest('hex').slice(0, 16)}`);
}

async function writeWeights(base: GgufBase, folder: string, watch: WorkWatch): Promise<void> {
  const shards: [string, { place: GgufTensor; dtype: DType }][][] = [[]];
  let size = 0;
  const bytes = ({ place, dtype }: { place: GgufTensor; dtype: DType }) =>
    place.shape.reduce((a, b) => a * b, dtypeSize[dtype]);
  for (const entry of base.tensors) {
    if (size > 0 && size + bytes(entry[1]) > largestShard) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)!.push(entry);
    size += bytes(entry[1]);
  }
  const number = (i: number) => String(i).padStart(5, '0');
  const nameOf = (i: number) =>
    shards.length === 1 ? 'model.safetensors' : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
  let done = 0;
  for (const [i, shard] of shards.entries()) {
    const entries = shard.map(([name, { place, dtype }]) => ({ name, dtype, shape: place.shape }));
    const { header, begins } = safetensorsHeader(entries, { format: 'pt' }, 64);
    await writeFileAtomic(join(folder, nameOf(i)), async file => {
      await writeAt(file, header, 0);
      for (const [n, [name, tensor]] of shard.entries()) {
        await writeTensor(base, name, tensor, file, begins[n]!, watch);
        watch.progress?.(++done, base.tensors.size);
      }
    });
  }
  if (shards.length > 1) {
    const weightMap = Object.fromEntries(shards.flatMap((shard, i) => shard.map(([name]) => [name, nameOf(i)])));
    await writeFileAtomic(
      join(folder, 'model.safetensors.index.json'),
      JSON.stringify({ metadata: {}, weight_map: weightMap }),
    );
  }
}

/** Some rows at a time; a tensor whose rows change places, or whose values change, is small enough to be taken whole. */
async function writeTensor(
  base: GgufBase,
  name: string,
  { place, dtype }: { place: GgufTensor; dtype: DType },
  file: FileHandle,
  start: number,
  { signal }: WorkWatch,
): Promise<void> {
  const change = ggufChange(name, base.config);
  const cols = place.shape.length > 1 ? place.shape.at(-1)! : 1;
  const rows = place.shape.reduce((a, b) => a * b, 1) / cols;
  const blockValues = ggmlBlock(place.type)!.values;
  const step = change || cols === 1 ? rows : Math.max(1, Math.floor(chunkValues / cols));
  for (let row = 0; row < rows; row += step) {
    signal?.throwIfAborted();
    const count = Math.min(step, rows - row);
    let values = await readValues(place, (row * cols) / blockValues, (count * cols) / blockValues);
    if (change === 'plusOne') values = values.map(x => x - 1);
    else if (change) values = moveRows({ rows, cols, data: values }, change, name, { back: true }).data;
    const encoded = encodeFloats(values, dtype, name);
    const broken = nonFiniteCount(dtype, encoded);
    if (broken > 0)
      throw new WorkbenchError(
        'badFile',
        `${place.file}: '${name}' holds ${broken} values that are infinite, not numbers or beyond ${dtype}`,
        'Download the file again.',
      );
    await writeAt(file, encoded, start + row * cols * dtypeSize[dtype]);
    // Lets the process read a cancellation.
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** So many blocks of a tensor in F32. */
async function readValues(place: GgufTensor, from: number, count: number): Promise<Float32Array> {
  const { bytes: size } = ggmlBlock(place.type)!;
  const { handle } = await openFile(place.file, 'the GGUF file');
  try {
    const length = count * size;
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await handle.read(
        bytes,
        at,
        Math.min(length - at, 2 ** 30),
        place.offset + from * size + at,
      );
      if (bytesRead === 0) throw new WorkbenchError('badFile', `${place.file} became shorter while it was read`);
      at += bytesRead;
    }
    return dequantizeGgml(place.type, bytes);
  } finally {
    await handle.close();
  }
}
