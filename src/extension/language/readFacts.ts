import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDataset } from '../../data/parseDataset.ts';
import { parseSafetensorsHeader, safetensorsHeaderEnd } from '../../nn/files/safetensors.ts';
import { parseAdapterConfig } from '../../nn/lora/adapterConfig.ts';
import { type AdapterOrigin, originOf } from '../../nn/lora/adapterOrigin.ts';
import { parseBaseConfig } from '../../nn/model/config.ts';
import { chatTemplateSource, createChatTemplate, renderChat, tokensOf } from '../../nn/tokenizer/chatTemplate.ts';
import { createTokenizer } from '../../nn/tokenizer/tokenizer.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { dataFacts } from '../../recipe/language/dataFacts.ts';
import type { AdapterFacts, BaseFacts, DataFacts, Fact } from '../../recipe/language/recipeWorld.ts';

/** What a recipe's editor may have to know; `name` is what the recipe calls it. */
export interface FactRequests {
  data: [{ path: string; name: string }, Fact<DataFacts>];
  base: [{ folder: string }, Fact<Omit<BaseFacts, 'hash'>>];
  baseHash: [{ folder: string }, string];
  adapter: [{ folder: string; name: string }, Fact<AdapterFacts>];
  tokens: [{ path: string; base: string }, Float64Array];
}

export type FactKind = keyof FactRequests;
/** Undefined where there is nothing to be said. */
type Read<K extends FactKind> = (request: FactRequests[K][0]) => Promise<FactRequests[K][1] | undefined>;

/** A dataset that is larger takes seconds to be read and is left to the training. */
const longestData = 64_000_000;
/** Enough for a mean that is right to a few per cent. */
const sampled = 300;

export const readFacts: { [K in FactKind]: Read<K> } = {
  async data({ path, name }) {
    const text = await readData(path);
    if (text === undefined)
      return existsSync(path) ? undefined : { unreadable: 'missing', reason: `${name} is not there` };
    return dataFacts(text, name);
  },

  async base({ folder }) {
    const config = await readJson(join(folder, 'config.json'));
    const file = join(folder, 'config.json');
    if (!config) return { unreadable: 'broken', reason: `the base is not there: ${file} cannot be read` };
    if (!(await weightFiles(folder)))
      return { unreadable: 'broken', reason: `the base has no weights: there is no model.safetensors in ${folder}` };
    return told(async () => ({ config: parseBaseConfig(config, file), chatTemplate: await templateOf(folder) }));
  },

  async baseHash({ folder }) {
    const hash = createHash('sha256');
    for (const file of (await weightFiles(folder)) ?? [])
      for await (const chunk of createReadStream(join(folder, file), { highWaterMark: 1 << 20 })) hash.update(chunk);
    return hash.digest('hex');
  },

  async adapter({ folder, name }) {
    const file = join(folder, 'adapter_config.json');
    const text = await readText(file);
    if (text === undefined)
      return { unreadable: 'missing', reason: `the adapter ${name} is not there: ${file} cannot be read` };
    return told(async () => {
      const { config } = parseAdapterConfig(text, file);
      const { baseHash, chatTemplate } = await originIn(join(folder, 'adapter_model.safetensors'));
      // Other programs write the tokenizer's files beside the factors.
      return { config, baseHash, chatTemplate: chatTemplate ?? (await templateOf(folder)) };
    });
  },

  async tokens({ path, base }) {
    const text = await readData(path);
    const tokenizerJson = await readJson(join(base, 'tokenizer.json'));
    if (text === undefined || !tokenizerJson) return undefined;
    const tokenizer = createTokenizer(tokenizerJson, (await readJson(join(base, 'tokenizer_config.json'))) ?? {});
    const template = createChatTemplate(await templateOf(base));
    const { examples } = parseDataset(text, path);
    const every = Math.max(1, Math.ceil(examples.length / sampled));
    const sample = examples.filter((_, i) => i % every === 0);
    const options = { ...tokensOf(tokenizer), addGenerationPrompt: false };
    return Float64Array.from(
      sample,
      ({ messages }) => tokenizer.encode(renderChat(template, messages, options), { addSpecialTokens: false }).length,
    );
  },
};

/** What a reader gives, or why it refuses, in its words. */
async function told<T extends object>(read: () => Promise<T>): Promise<Fact<T>> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
    return { unreadable: 'broken', reason: [error.message, error.hint].filter(Boolean).join('. ') };
  }
}

/** The text of a dataset; undefined where it is not there, or too large. */
async function readData(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() && info.size <= longestData ? readText(path) : undefined;
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    // Whoever uses the file says what is wrong with it.
    return undefined;
  }
}

async function templateOf(folder: string): Promise<string | undefined> {
  const file = await readText(join(folder, 'chat_template.jinja'));
  return file ?? chatTemplateSource((await readJson(join(folder, 'tokenizer_config.json'))) ?? {});
}

/** What an adapter's factors say that they were trained on; what is wrong with them says whoever loads them. */
async function originIn(path: string): Promise<AdapterOrigin> {
  const file = await open(path).catch(() => undefined);
  if (!file) return {};
  try {
    const { size } = await file.stat();
    const start = (await file.read(Buffer.alloc(8), 0, 8, 0)).buffer;
    const head = Buffer.alloc(safetensorsHeaderEnd(start, size, path));
    await file.read(head, 0, head.length, 0);
    return originOf(parseSafetensorsHeader(head, size, path).metadata);
  } catch (error) {
    if (error instanceof WorkbenchError) return {};
    throw error;
  } finally {
    await file.close();
  }
}

/** A base's weight files in order, a single file before an index, as the engine takes them. */
async function weightFiles(folder: string): Promise<string[] | undefined> {
  if (existsSync(join(folder, 'model.safetensors'))) return ['model.safetensors'];
  const map = (await readJson(join(folder, 'model.safetensors.index.json')))?.weight_map;
  return map ? [...new Set(Object.values(map).map(String))].filter(f => !/[\\/]/.test(f)).sort() : undefined;
}
