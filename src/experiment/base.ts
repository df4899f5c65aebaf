import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { placedTensors, plannedCopies, plannedTensors } from '../nn/memory/plannedTensors.ts';
import { checkBaseTensors } from '../nn/model/baseWeights.ts';
import { type BaseConfig, parseBaseConfig } from '../nn/model/config.ts';
import { quantizedConfig } from '../nn/model/quantizedTensors.ts';
import type { DType } from '../nn/tensor/dtype.ts';
import type { TensorPlace } from '../nn/tensor/tensorPlace.ts';
import { type ChatTemplate, chatTemplateSource, createChatTemplate } from '../nn/tokenizer/chatTemplate.ts';
import type { TokenizerFiles } from '../nn/tokenizer/ggufTokenizer.ts';
import { stopTokenIds } from '../nn/tokenizer/stopTokenIds.ts';
import type { Tokenizer } from '../nn/tokenizer/tokenizer.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import type { Quantization } from '../protocol/quantization.ts';
import { visibleName } from '../protocol/visibleText.ts';
import type { Recipe } from '../recipe/schema.ts';
import { defaultCacheFolder } from './cacheFolder.ts';
import {
  folderFiles,
  ifThere,
  isThere,
  largest,
  openFile,
  readJson,
  readJsonIfThere,
  readText,
  storageError,
} from './files.ts';
import { importGguf, readGgufBase, readGgufText } from './ggufBase.ts';
import { ggufStamp, isGgufFile } from './ggufFile.ts';
import { openTokenizer } from './openTokenizer.ts';
import { settle } from './removeStaleFiles.ts';
import { readTensorPlaces } from './safetensorsFile.ts';
import type { WorkWatch } from './workWatch.ts';

/** A base model's folder, read but not yet compiled: weights stay in their files. */
export interface Base {
  folder: string;
  config: BaseConfig;
  /** `config.json` as it was written, to be copied when a merged model is saved. */
  configJson: Record<string, unknown>;
  tensors: Map<string, TensorPlace>;
  /** What the products' weights are computed with; as they are stored without it. */
  quantization?: Quantization;
  /** Whether products of answers are computed in 8 bits, with codes beside the weights. */
  answersInInt8?: boolean;
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
  /** What readBaseText read it from. */
  source: { folder: string; rows?: number };
  /** SHA-256 of all that tokens follow from: the tokenizer with its configuration, and the chat template. */
  identity(): string;
}

/** Where a base that has to be made readable first is kept, and who waits for it. */
export interface LoadOptions extends WorkWatch {
  cacheFolder?: string;
}

/**
 * Reads a base: a Hugging Face folder, or a file in GGUF, of which such a folder is made in the cache. Of the folder are
 * read config.json, model.safetensors or a sharded index, and where they are there tokenizer.json, tokenizer_config.json
 * with its chat template (or chat_template.jinja), generation_config.json.
 * Throws `notFound`, `badFile`, `mismatch` or `unsupported`, each naming the file and the part.
 */
export async function loadBase(
  path: string,
  { cacheFolder = defaultCacheFolder(), ...watch }: LoadOptions = {},
): Promise<Base> {
  // A merged model that was just being replaced when its process was killed.
  if (!(await isThere(path))) await settle(path);
  const folder = isGgufFile(path) ? await importGguf(path, cacheFolder, watch) : path;
  const weights = await readBaseWeights(folder);
  const text = await readBaseText(folder, weights.config.vocab);
  return {
    ...weights,
    text() {
      if (text) return text;
      const others = otherTokenizers.filter(name => existsSync(join(folder, name)));
      throw new WorkbenchError(
        'notFound',
        `the base's tokenizer.json is not there: ${join(folder, 'tokenizer.json')}${others.length > 0 ? ` (the folder has ${others.join(', ')})` : ''}`,
        others.length > 0
          ? `Make it with Python: from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('${folder}').save_pretrained('${folder}')`
          : 'Text needs it; without it a base can only score token ids and take part in merges.',
      );
    },
  };
}

const otherTokenizers = ['tokenizer.model', 'tekken.json', 'vocab.json'];

/** As loadBase, without what stands between tokens and text. */
export async function readBaseWeights(folder: string): Promise<Omit<Base, 'text'>> {
  await checkFolder(folder);
  const { config, configJson } = await readBaseConfig(folder);
  const tensors = new Map<string, TensorPlace>();
  try {
    const weightFiles = await weightFilesOf(folder);
    if (!hasWeights(folder)) await checkOtherFormats(folder, singleFile);
    for (const file of weightFiles)
      for (const [name, place] of await readTensorPlaces(folder, file)) tensors.set(name, place);
    checkBaseTensors(config, tensors, folder);
    return { folder, config, configJson, tensors, weightFiles };
  } catch (error) {
    // Quantised weights have other tensors, of other types.
    if (!(error instanceof WorkbenchError) || error.code === 'storage') throw error;
    throw quantizedError(configJson, join(folder, 'config.json')) ?? quantizedTensorsError(tensors, folder) ?? error;
  }
}

/** Reads a base's config.json, or what a file in GGUF says in its place. Throws `notFound`, with what the folder is instead, `badFile` and `unsupported`. */
export async function readBaseConfig(
  folder: string,
): Promise<{ config: BaseConfig; configJson: Record<string, unknown> }> {
  if (isGgufFile(folder)) return readGgufBase(folder);
  const path = join(folder, 'config.json');
  const json = await ifThere(path, readJson(path, "the base's config.json", largest.configuration));
  if (json === undefined) {
    await checkFolder(folder);
    if (!hasWeights(folder)) await checkOtherFormats(folder, 'config.json');
    throw new WorkbenchError('notFound', `the base's config.json is not there: ${path}`);
  }
  return { config: parseBaseConfig(json, path), configJson: json as Record<string, unknown> };
}

async function checkFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch(error => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw storageError(error, folder);
  });
  if (info?.isDirectory()) return;
  throw new WorkbenchError(
    'notFound',
    info ? `the base is a file, not a model's folder: ${folder}` : `the base model's folder is not there: ${folder}`,
    info ? otherFormats.find(f => f.name.test(folder))?.hint : undefined,
  );
}

/** What a folder may hold in place of model.safetensors. */
const otherFormats: { name: RegExp; hint: string }[] = [
  {
    name: /^adapter_(config\.json|model\..*)$/,
    hint: 'It is an adapter: name it as an expert\'s "adapter" in a recipe, and the model it was trained on as "base".',
  },
  { name: /\.gguf$/i, hint: 'Name the GGUF file itself as the base.' },
  {
    name: /\.bin$/,
    hint: "Save it as safetensors, with Python: from transformers import AutoModelForCausalLM; AutoModelForCausalLM.from_pretrained('IN').save_pretrained('OUT')",
  },
  {
    name: /^consolidated.*\.(pth|safetensors)$|^params\.json$/,
    hint: "These are the maker's own files: use the model's repository in the format of transformers (often named …-hf).",
  },
  { name: /\.(pt|pth|h5|msgpack|onnx|ckpt|npz)$/, hint: 'Use the same model with weights as safetensors.' },
  { name: /\.safetensors$/, hint: 'The weights should be called model.safetensors, or be named in an index.' },
];

/** Throws `notFound` where a folder has weights in another format, or under another name. */
async function checkOtherFormats(folder: string, missing: string): Promise<void> {
  const files = (await folderFiles(folder)).sort();
  for (const { name, hint } of otherFormats) {
    const found = files.find(file => name.test(file));
    if (found)
      throw new WorkbenchError('notFound', `the base's folder has ${found}, and no ${missing}: ${folder}`, hint);
  }
}

/** Why weights do not fit where config.json says that they are quantised; `file` is its name for messages. */
export function quantizedError(configJson: Record<string, unknown>, file: string): WorkbenchError | undefined {
  const said = configJson.quantization_config ?? configJson.quantization ?? configJson.compression_config;
  if (typeof said !== 'object' || said === null) return undefined;
  const { quant_method: method, bits, load_in_4bit: four, load_in_8bit: eight } = said as Record<string, unknown>;
  const size = typeof bits === 'number' ? bits : four === true ? 4 : eight === true ? 8 : undefined;
  // MLX writes `quantization`, with the size of its groups.
  const name = typeof method === 'string' ? method.slice(0, 40) : configJson.quantization ? 'MLX' : 'some method';
  return new WorkbenchError(
    'unsupported',
    `${file}: the base's weights are quantised by ${name}${size === undefined ? '' : `, in ${size} bits`}; that is not read`,
    plainWeights,
  );
}

const plainWeights =
  'Use the same model with weights in BF16, F16 or F32; "quantization" in a recipe makes a copy of it in 8 or 4 bits.';

/** As quantizedError, for weights of which config.json says nothing: by the names that quantisers give. */
function quantizedTensorsError(tensors: ReadonlyMap<string, TensorPlace>, folder: string): WorkbenchError | undefined {
  const parts =
    /\.(qweight|qzeros|g_idx|weight_packed|weight_scale(_inv)?|absmax|quant_state\..*|codebooks?|scales|SCB)$/;
  const name = [...tensors.keys()].find(key => parts.test(key));
  if (name === undefined) return undefined;
  return new WorkbenchError(
    'unsupported',
    `${folder}: the base's weights are quantised (they hold '${visibleName(name)}'); that is not read`,
    plainWeights,
  );
}

/** Undefined for a folder without tokenizer.json. `rows` are those of the embedding: no token may be beyond them. */
export async function readBaseText(folder: string, rows?: number): Promise<BaseText | undefined> {
  if (isGgufFile(folder)) {
    const files = await readGgufText(folder);
    const template = files && chatTemplateOf(files, folder);
    return files && textOf({ ...files, template }, { folder, file: folder, configFile: folder, rows });
  }
  const files = await readTextFiles(folder);
  if (!files) return undefined;
  const [file, configFile] = [join(folder, 'tokenizer.json'), join(folder, 'tokenizer_config.json')];
  return textOf(files, { folder, file, configFile, rows });
}

/** What stands between tokens and text, as files say it. */
interface TextFiles extends TokenizerFiles {
  template: FoundTemplate | undefined;
}

/** The files of a folder that stand between tokens and text, and its chat template; undefined without tokenizer.json. */
export async function readTextFiles(folder: string): Promise<TextFiles | undefined> {
  const tokenizer = await readJsonIfThere(join(folder, 'tokenizer.json'), largest.tokenizer);
  if (tokenizer === undefined) return undefined;
  const tokenizerConfig = {
    // Older folders say there what BOS and EOS are.
    ...specialTokens((await readJsonIfThere(join(folder, 'special_tokens_map.json'))) ?? {}),
    ...(await readJsonIfThere(join(folder, 'tokenizer_config.json'))),
  };
  const generationConfig = (await readJsonIfThere(join(folder, 'generation_config.json'))) ?? {};
  const template = await templateOf(folder, tokenizerConfig);
  return { tokenizer, tokenizerConfig, generationConfig, template };
}

function textOf(
  { tokenizer: json, tokenizerConfig, generationConfig, template }: TextFiles,
  { folder, rows, ...files }: { folder: string; file: string; configFile: string; rows?: number },
): BaseText {
  const tokenizer = openTokenizer(json, tokenizerConfig, { ...files, rows });
  const chatTemplate = createChatTemplate(template?.source, template?.file);
  return {
    tokenizer,
    chatTemplate,
    stopIds: stopTokenIds(generationConfig, tokenizerConfig, tokenizer, chatTemplate),
    source: { folder, ...(rows !== undefined && { rows }) },
    identity: () =>
      createHash('sha256')
        .update(JSON.stringify([json, tokenizerConfig, chatTemplate.source, rows]))
        .digest('hex'),
  };
}

function specialTokens({ bos_token, eos_token }: Record<string, unknown>): Record<string, unknown> {
  return { ...(bos_token !== undefined && { bos_token }), ...(eos_token !== undefined && { eos_token }) };
}

/** The chat template beside a base's or an adapter's weights, as its text; undefined without one. Throws `badFile`. */
export async function readChatTemplate(folder: string): Promise<string | undefined> {
  if (isGgufFile(folder)) {
    const files = await readGgufText(folder);
    return files && chatTemplateOf(files, folder)?.source;
  }
  return (await templateOf(folder, (await readJsonIfThere(join(folder, 'tokenizer_config.json'))) ?? {}))?.source;
}

/** A chat template and the file that has it. */
interface FoundTemplate {
  source: string;
  file: string;
}

/** A folder's chat template: chat_template.jinja comes before tokenizer_config.json. */
async function templateOf(
  folder: string,
  tokenizerConfig: Record<string, unknown>,
): Promise<FoundTemplate | undefined> {
  const file = join(folder, 'chat_template.jinja');
  const source = await ifThere(file, readText(file, 'the chat template', largest.template));
  if (source?.includes('\ufffd'))
    throw new WorkbenchError('badFile', `${file}: the chat template is not UTF-8 text`, 'Save it as UTF-8.');
  if (source !== undefined) return { source, file };
  return chatTemplateOf({ tokenizerConfig }, join(folder, 'tokenizer_config.json'));
}

/** The chat template that tokenizer_config.json has. Throws `badFile`. */
function chatTemplateOf(
  { tokenizerConfig }: Pick<TokenizerFiles, 'tokenizerConfig'>,
  configFile: string,
): FoundTemplate | undefined {
  const { chat_template: entry } = tokenizerConfig;
  if (entry === undefined || entry === null) return undefined;
  const isNamed = (each: unknown) => typeof (each as { template?: unknown } | null)?.template === 'string';
  const inConfig = Array.isArray(entry) && !entry.every(isNamed) ? undefined : chatTemplateSource(tokenizerConfig);
  if (inConfig !== undefined) return { source: inConfig, file: configFile };
  throw new WorkbenchError(
    'badFile',
    `${configFile}: 'chat_template' should be a text, or a list of objects with 'name' and 'template'`,
    'Copy the file again, or take the key out to use plain User/Assistant turns.',
  );
}

/** The configuration that a base's graphs are built from. */
export function graphConfig({ config, quantization }: Pick<Base, 'config' | 'quantization'>): BaseConfig {
  return quantization ? quantizedConfig(config) : config;
}

/** SHA-256 over the base's weight files, in order: the identity that adapters and reports name. */
export async function hashBase(base: Pick<Base, 'folder' | 'weightFiles'>): Promise<string> {
  const hash = createHash('sha256');
  for (const file of base.weightFiles) {
    const { handle } = await openFile(join(base.folder, file), 'a weight file');
    for await (const chunk of handle.createReadStream({ highWaterMark: 1 << 20 })) hash.update(chunk);
  }
  return hash.digest('hex');
}

const companions =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^(merges\.txt|chat_template\.jinja|tokenizer\.model)$/;

/** Whether a file belongs to a base beside its weights: what a download fetches and a copy of the base takes along. */
export function isCompanionFile(name: string): boolean {
  return companions.test(name);
}

/** When the files that loadBase reads were last written, and how large they are: the same text while they are the same. */
export async function baseStamp(folder: string): Promise<string> {
  if (isGgufFile(folder)) return ggufStamp(folder);
  const names = await ifThere(folder, folderFiles(folder));
  const read = (names ?? [])
    .filter(name => isCompanionFile(name) || /\.safetensors(\.index\.json)?$/.test(name))
    .sort();
  const infos = await Promise.all(
    read.map(name =>
      stat(join(folder, name)).then(
        ({ mtimeMs, size }) => [name, mtimeMs, size],
        () => [name],
      ),
    ),
  );
  return JSON.stringify(infos);
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
  const weights =
    (await plannedGguf(folder)) ??
    (await readBaseWeights(folder).catch(async error => {
      if (!(error instanceof WorkbenchError && error.code === 'notFound')) throw error;
      const { config, configJson } = await readBaseConfig(folder);
      const said = configJson.dtype ?? configJson.torch_dtype;
      const dtype = (typeof said === 'string' && dtypes[said]) || 'BF16';
      notes.push(`The base's weights are not there: planned as ${dtype} from config.json.`);
      return { folder, config, configJson, tensors: plannedTensors(config, dtype), weightFiles: [] };
    }));
  const own = await readBaseText(folder, weights.config.vocab);
  if (!own) notes.push("The base has no tokenizer.json: tokens are counted with the embedded base's.");
  const text = own ? () => own : (await loadBase(embeddedFolder)).text;
  const plain = { ...weights, text };
  if (quantization === 'auto' || quantization === 'none') return { base: plain, notes };
  return { base: { ...plain, quantization, tensors: plannedCopies(plain.config, plain.tensors, quantization) }, notes };
}

/** A base in GGUF as it will be held, whether or not its folder was made already; undefined for a folder. */
async function plannedGguf(path: string): Promise<Omit<Base, 'text'> | undefined> {
  if (!isGgufFile(path)) return undefined;
  const { config, configJson, tensors } = await readGgufBase(path);
  const held = [...tensors].map(([name, { place, dtype }]) => ({ name, dtype, shape: place.shape }));
  return { folder: path, config, configJson, tensors: placedTensors(held), weightFiles: [] };
}

/** The file that says what a base is: a folder's configuration, or the file in GGUF itself. */
export function baseFile(path: string): string {
  return isGgufFile(path) ? path : join(path, 'config.json');
}

/** A base has its weights in one file, or in several that an index names. */
const singleFile = 'model.safetensors';
export const weightIndexFile = 'model.safetensors.index.json';

/** Whether a base's folder has weights, as far as its files' names tell. */
export function hasWeights(folder: string): boolean {
  if (isGgufFile(folder)) return true;
  return [singleFile, weightIndexFile].some(file => existsSync(join(folder, file)));
}

/**
 * Names of a base's weight files, in order; without any, that of the one that is missing. Throws `badFile` for an index
 * that names none, or files elsewhere.
 */
export async function weightFilesOf(folder: string): Promise<string[]> {
  // A single file comes before an index, as in transformers.
  if (existsSync(join(folder, singleFile))) return [singleFile];
  const path = join(folder, weightIndexFile);
  const index = await readJsonIfThere(path, largest.weightIndex);
  if (!index) return [singleFile];
  const wrong = (what: string) => new WorkbenchError('badFile', `${path}: ${what}`, 'Download the file again.');
  const named: unknown[] = Object.values((index.weight_map ?? {}) as Record<string, unknown>);
  // A shard is a file of this folder: an index must not point elsewhere.
  const bad = named.find(f => typeof f !== 'string' || /[/\\\0]/.test(f) || !f.endsWith('.safetensors'));
  if (typeof bad === 'string') throw wrong(`names '${bad.replaceAll('\0', '\\0')}'`);
  if (bad !== undefined) throw wrong('names something that is no text');
  const files = [...new Set(named as string[])].sort();
  if (files.length === 0) throw wrong('names no weight file');
  if (files.length > mostShards) throw wrong(`names ${files.length} weight files; ${mostShards} are read`);
  return files;
}

/** The largest models have some hundred. */
const mostShards = 2_000;
