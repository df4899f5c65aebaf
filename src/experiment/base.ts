import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { plannedCopies, plannedTensors } from '../nn/memory/plannedTensors.ts';
import { checkBaseTensors } from '../nn/model/baseWeights.ts';
import { type BaseConfig, parseBaseConfig } from '../nn/model/config.ts';
import { quantizedConfig } from '../nn/model/quantizedTensors.ts';
import type { DType } from '../nn/tensor/dtype.ts';
import type { TensorPlace } from '../nn/tensor/tensorPlace.ts';
import { type ChatTemplate, chatTemplateSource, createChatTemplate } from '../nn/tokenizer/chatTemplate.ts';
import { stopTokenIds } from '../nn/tokenizer/stopTokenIds.ts';
import { createTokenizer, type Tokenizer } from '../nn/tokenizer/tokenizer.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import type { Quantization } from '../protocol/quantization.ts';
import type { Recipe } from '../recipe/schema.ts';
import { isThere, readJson, readJsonIfThere } from './files.ts';
import { settle } from './removeStaleFiles.ts';
import { readTensorPlaces } from './safetensorsFile.ts';

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
  // A merged model that was just being replaced when its process was killed.
  if (!(await isThere(folder))) await settle(folder);
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
  const tokenizerJson = await readJsonIfThere(join(folder, 'tokenizer.json'));
  if (tokenizerJson === undefined) return undefined;
  const tokenizerConfig = (await readJsonIfThere(join(folder, 'tokenizer_config.json'))) ?? {};
  const generationConfig = (await readJsonIfThere(join(folder, 'generation_config.json'))) ?? {};
  const tokenizer = createTokenizer(tokenizerJson, tokenizerConfig);
  const chatTemplate = createChatTemplate((await templateFileOf(folder)) ?? chatTemplateSource(tokenizerConfig));
  return {
    tokenizer,
    chatTemplate,
    stopIds: stopTokenIds(generationConfig, tokenizerConfig, tokenizer, chatTemplate),
  };
}

/** The chat template beside a base's or an adapter's weights, as its text; undefined without one. Throws `badFile`. */
export async function readChatTemplate(folder: string): Promise<string | undefined> {
  const file = await templateFileOf(folder);
  return file ?? chatTemplateSource((await readJsonIfThere(join(folder, 'tokenizer_config.json'))) ?? {});
}

function templateFileOf(folder: string): Promise<string | undefined> {
  return readFile(join(folder, 'chat_template.jinja'), 'utf8').catch(() => undefined);
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

const companions =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^(merges\.txt|chat_template\.jinja|tokenizer\.model)$/;

/** Whether a file belongs to a base beside its weights: what a download fetches and a copy of the base takes along. */
export function isCompanionFile(name: string): boolean {
  return companions.test(name);
}

/** A base to plan with: its weights may be missing, and the quantised copy is not made. */
export interface PlanBase {
  base: Base;
  /** What was assumed, in sentences. */
  notes: string[];
}

const dtypes: Record<string, DType> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

/** Reads what is there of a base; config.json has to be. Throws `notFound`, `badFile` or `unsupported`. */
export async function openPlanBase(
  folder: string,
  quantization: Recipe['quantization'],
  embeddedFolder: string,
): Promise<PlanBase> {
  const notes: string[] = [];
  const weights = await readBaseWeights(folder).catch(async error => {
    if (!(error instanceof WorkbenchError && error.code === 'notFound')) throw error;
    const path = join(folder, 'config.json');
    const configJson = (await readJson(path, "the base's config.json")) as Record<string, unknown>;
    const config = parseBaseConfig(configJson, path);
    const dtype = dtypes[String(configJson.dtype ?? configJson.torch_dtype)] ?? 'BF16';
    notes.push(`The base's weights are not there: planned as ${dtype} from config.json.`);
    return { folder, config, configJson, tensors: plannedTensors(config, dtype), weightFiles: [] };
  });
  const own = await readBaseText(folder);
  if (!own) notes.push("The base has no tokenizer.json: tokens are counted with the embedded base's.");
  const text = own ? () => own : (await loadBase(embeddedFolder)).text;
  const plain = { ...weights, text };
  if (quantization === 'none') return { base: plain, notes };
  return { base: { ...plain, quantization, tensors: plannedCopies(plain.config, plain.tensors, quantization) }, notes };
}

/** A base has its weights in one file, or in several that an index names. */
const singleFile = 'model.safetensors';
export const weightIndexFile = 'model.safetensors.index.json';

/** Whether a base's folder has weights, as far as its files' names tell. */
export function hasWeights(folder: string): boolean {
  return [singleFile, weightIndexFile].some(file => existsSync(join(folder, file)));
}

/**
 * Names of a base's weight files, in order; without any, that of the one that is missing. Throws `badFile` for an index
 * that names none, or files elsewhere.
 */
export async function weightFilesOf(folder: string): Promise<string[]> {
  // A single file comes before an index, as in transformers.
  const index = existsSync(join(folder, singleFile)) ? undefined : await readJsonIfThere(join(folder, weightIndexFile));
  if (!index) return [singleFile];
  const map = index.weight_map as Record<string, unknown> | undefined;
  const files = [...new Set(Object.values(map ?? {}).map(String))].sort();
  // A shard is a file of this folder: an index must not point elsewhere.
  const bad = files.find(f => f.includes('/') || f.includes('\\') || !f.endsWith('.safetensors'));
  if (files.length === 0 || bad !== undefined)
    throw new WorkbenchError(
      'badFile',
      `${folder}/${weightIndexFile}: ${bad ? `names '${bad}'` : 'names no weight file'}`,
    );
  return files;
}
