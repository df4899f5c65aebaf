import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSafetensorsHeader, type SafetensorsHeader, safetensorsHeaderEnd } from '../nn/files/safetensors.ts';
import { checkBaseTensors } from '../nn/model/baseWeights.ts';
import { type BaseConfig, parseBaseConfig } from '../nn/model/config.ts';
import { quantizedConfig } from '../nn/model/quantizedTensors.ts';
import type { TensorPlace } from '../nn/tensor/tensorPlace.ts';
import { type ChatTemplate, chatTemplateSource, createChatTemplate } from '../nn/tokenizer/chatTemplate.ts';
import { stopTokenIds } from '../nn/tokenizer/stopTokenIds.ts';
import { createTokenizer, type Tokenizer } from '../nn/tokenizer/tokenizer.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import type { Quantization } from '../protocol/quantization.ts';
import { readJson, storageError } from './files.ts';

/** A base model's folder, read but not yet compiled: weights stay in their files. */
export interface Base {
  folder: string;
  config: BaseConfig;
  /** `config.json` as it was written, to be copied when a merged model is saved. */
  configJson: Record<string, unknown>;
  tensors: Map<string, TensorPlace>;
  /** What the products' weights are computed with; as they are stored without it. */
  quantization?: Quantization;
  /** Throws `notFound` for a base without tokenizer.json: token ids can be scored and adapters merged all the same. */
  text(): BaseText;
  /** Names of the weight files, in order. */
  weightFiles: string[];
}

/** What stands between a base's tokens and text. */
export interface BaseText {
  tokenizer: Tokenizer;
  chatTemplate: ChatTemplate;
  /** Tokens that end an answer. */
  stopIds: number[];
}

/**
 * Reads a Hugging Face folder: config.json, model.safetensors or a sharded index, and where they are there
 * tokenizer.json, tokenizer_config.json with its chat template (or chat_template.jinja), generation_config.json.
 * Throws `notFound`, `badFile`, `mismatch` or `unsupported`, each naming the file and the part.
 */
export async function loadBase(folder: string): Promise<Base> {
  const weights = await readBaseWeights(folder);
  const text = await readBaseText(folder);
  return {
    ...weights,
    text() {
      if (text) return text;
      throw new WorkbenchError(
        'notFound',
        `the base's tokenizer.json is not there: ${join(folder, 'tokenizer.json')}`,
        'Text needs it; without it a base can only score token ids and take part in merges.',
      );
    },
  };
}

/** As loadBase, without what stands between tokens and text. */
export async function readBaseWeights(folder: string): Promise<Omit<Base, 'text'>> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) throw new WorkbenchError('notFound', `the base model's folder is not there: ${folder}`);
  const configJson = (await readJson(join(folder, 'config.json'), "the base's config.json")) as Record<string, unknown>;
  const config = parseBaseConfig(configJson, join(folder, 'config.json'));
  const weightFiles = await weightFilesOf(folder);
  const tensors = new Map<string, TensorPlace>();
  for (const file of weightFiles)
    for (const [name, place] of await readTensorPlaces(folder, file)) tensors.set(name, place);
  checkBaseTensors(config, tensors);
  return { folder, config, configJson, tensors, weightFiles };
}

/** Undefined for a folder without tokenizer.json. */
export async function readBaseText(folder: string): Promise<BaseText | undefined> {
  const tokenizerJson = await optionalJson(join(folder, 'tokenizer.json'));
  if (tokenizerJson === undefined) return undefined;
  const tokenizerConfig = (await optionalJson(join(folder, 'tokenizer_config.json'))) ?? {};
  const generationConfig = (await optionalJson(join(folder, 'generation_config.json'))) ?? {};
  const tokenizer = createTokenizer(tokenizerJson, tokenizerConfig);
  const templateFile = await readFile(join(folder, 'chat_template.jinja'), 'utf8').catch(() => undefined);
  const chatTemplate = createChatTemplate(templateFile ?? chatTemplateSource(tokenizerConfig));
  return {
    tokenizer,
    chatTemplate,
    stopIds: stopTokenIds(generationConfig, tokenizerConfig, tokenizer, chatTemplate),
  };
}

/** The configuration that a base's graphs are built from. */
export function graphConfig({ config, quantization }: Pick<Base, 'config' | 'quantization'>): BaseConfig {
  return quantization ? quantizedConfig(config) : config;
}

/** SHA-256 over the base's weight files, in order: the identity that adapters and reports name. */
export async function hashBase(base: Pick<Base, 'folder' | 'weightFiles'>): Promise<string> {
  const hash = createHash('sha256');
  for (const file of base.weightFiles)
    for await (const chunk of createReadStream(join(base.folder, file), { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

async function weightFilesOf(folder: string): Promise<string[]> {
  // A single file comes before an index, as in transformers.
  const single = await stat(join(folder, 'model.safetensors')).catch(() => undefined);
  const index = single ? undefined : await optionalJson(join(folder, 'model.safetensors.index.json'));
  if (!index) return ['model.safetensors'];
  const map = index.weight_map as Record<string, unknown> | undefined;
  const files = [...new Set(Object.values(map ?? {}).map(String))].sort();
  // A shard is a file of this folder: an index must not point elsewhere.
  const bad = files.find(f => f.includes('/') || f.includes('\\') || !f.endsWith('.safetensors'));
  if (files.length === 0 || bad !== undefined)
    throw new WorkbenchError(
      'badFile',
      `${folder}/model.safetensors.index.json: ${bad ? `names '${bad}'` : 'names no weight file'}`,
    );
  return files;
}

/** Names, types and places of a safetensors file's tensors; only the header is read. */
export async function readTensorPlaces(folder: string, file: string): Promise<Map<string, TensorPlace>> {
  const { tensors } = await readSafetensorsHeader(join(folder, file));
  return new Map(
    [...tensors].map(([name, t]) => [
      name,
      { file, dtype: t.dtype, shape: t.shape, offset: t.begin, length: t.end - t.begin },
    ]),
  );
}

/** The header of a safetensors file, without its data. */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const handle = await open(path).catch(error => {
    throw error.code === 'ENOENT'
      ? new WorkbenchError('notFound', `a weight file is not there: ${path}`, 'Is the download complete?')
      : storageError(error, path);
  });
  try {
    const info = await handle.stat();
    if (info.isDirectory()) throw new WorkbenchError('badFile', `${path} is a folder, not a file`);
    const { size } = info;
    const prefix = Buffer.alloc(8);
    await handle.read(prefix, 0, Math.min(8, size), 0);
    const head = Buffer.alloc(safetensorsHeaderEnd(prefix, size, path));
    await handle.read(head, 0, head.length, 0);
    return parseSafetensorsHeader(head, size, path);
  } finally {
    await handle.close();
  }
}

async function optionalJson(path: string): Promise<Record<string, unknown> | undefined> {
  return (await readJson(path, 'a configuration file').catch(error => {
    if (error instanceof WorkbenchError && error.code === 'notFound') return undefined;
    throw error;
  })) as Record<string, unknown> | undefined;
}

const companions =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^(merges\.txt|chat_template\.jinja|tokenizer\.model)$/;

/** Whether a file belongs to a base beside its weights: what a download fetches and a copy of the base takes along. */
export function isCompanionFile(name: string): boolean {
  return companions.test(name);
}
