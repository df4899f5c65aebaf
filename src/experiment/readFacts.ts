import { readFile, stat } from 'node:fs/promises';
import type { DataReading } from '../data/parseDataset.ts';
import { encodeByForm } from '../nn/tokenizer/encodeByForm.ts';
import { type Problem, WorkbenchError } from '../protocol/errors.ts';
import { dataFacts } from '../recipe/language/dataFacts.ts';
import type { AdapterFacts, BaseFacts, DataFacts, Fact, LearnedFacts } from '../recipe/language/recipeWorld.ts';
import { readAdapterConfig, readOrigin } from './adapterFiles.ts';
import {
  baseFile,
  hashBase,
  hasWeights,
  readBaseConfig,
  readBaseText,
  readChatTemplate,
  weightFilesOf,
} from './base.ts';
import { isThere } from './files.ts';
import { importedGguf } from './ggufBase.ts';
import { isGgufFile } from './ggufFile.ts';
import { parseDataFiles } from './parseDataFile.ts';
import { adapterPaths } from './paths.ts';

/** What a check of a recipe may have to know; `name` is what the recipe calls it. */
export interface FactRequests {
  /** Without files for data of the hub that was not downloaded. */
  data: [{ files: string[]; name: string; reading?: DataReading }, Fact<DataFacts>];
  /** A folder, or a file in GGUF. */
  base: [{ folder: string }, Fact<Omit<BaseFacts, 'hash'>>];
  /** `cacheFolder` has what was made of a file in GGUF. */
  baseHash: [{ folder: string; cacheFolder: string }, string];
  adapter: [{ folder: string; name: string }, Fact<AdapterFacts>];
  learned: [{ files: string[]; name: string; base: string; thinking: boolean; reading?: DataReading }, LearnedFacts];
}

export type FactKind = keyof FactRequests;
/** Undefined where there is nothing to be said. */
type Read<K extends FactKind> = (request: FactRequests[K][0]) => Promise<FactRequests[K][1] | undefined>;

/** A dataset that is larger takes seconds to be read and is left to the training. */
const longestData = 64_000_000;
/** Examples of a dataset that are looked at as training reads them, spread over it. */
const sampled = 500;

export const readFacts: { [K in FactKind]: Read<K> } = {
  async data({ files, name, reading }) {
    const [first] = files;
    if (first === undefined) {
      const reason = `${name} is neither a file nor in the Hugging Face cache; get it with “Multi-LoRA: Get a Dataset…” (multi-lora get --dataset ${name})`;
      return { unreadable: 'broken', reason };
    }
    const info = await stat(first).catch(() => undefined);
    if (info && !info.isFile()) return { unreadable: 'broken', reason: `${name} is not a file` };
    const parts = await readData(files);
    if (!parts) return info ? undefined : { unreadable: 'missing', reason: `${name} is not there` };
    return dataFacts(parseDataFiles(parts, name, { plainName: first, ...reading }));
  },

  async base({ folder }) {
    const file = baseFile(folder);
    if (!(await isThere(file)))
      return { unreadable: 'broken', reason: `the base is not there: ${file} cannot be read` };
    if (!hasWeights(folder))
      return { unreadable: 'broken', reason: `the base has no weights: there is no model.safetensors in ${folder}` };
    return told(async () => {
      if (!isGgufFile(folder)) await weightFilesOf(folder);
      const { config } = await readBaseConfig(folder);
      return { config, chatTemplate: await readChatTemplate(folder) };
    });
  },

  async baseHash({ folder: path, cacheFolder }) {
    const folder = isGgufFile(path) ? await importedGguf(path, cacheFolder) : path;
    return folder && hashBase({ folder, weightFiles: await weightFilesOf(folder) });
  },

  async adapter({ folder, name }) {
    const { config: file } = adapterPaths(folder);
    if (!(await isThere(file)))
      return { unreadable: 'missing', reason: `the adapter ${name} is not there: ${file} cannot be read` };
    return told(async () => {
      const config = await readAdapterConfig(folder, `the configuration of the adapter ${name}`);
      // What is wrong with its factors says whoever loads them.
      const { baseHash, chatTemplate } = (await orNothing(readOrigin(folder))) ?? {};
      // Other programs write the tokenizer's files beside the factors.
      return { config, baseHash, chatTemplate: chatTemplate ?? (await orNothing(readChatTemplate(folder))) };
    });
  },

  async learned({ files, name, base, thinking, reading }) {
    const parts = await readData(files);
    const baseText = parts && (await readBaseText(base));
    if (!parts || !baseText) return undefined;
    const { examples } = parseDataFiles(parts, name, { plainName: files[0], ...reading });
    const every = Math.max(1, Math.ceil(examples.length / sampled));
    const facts = { lengths: [] as number[], examples: [] as LearnedFacts['examples'], refused: [] as Problem[] };
    const settings = { maxLength: Number.POSITIVE_INFINITY, lossOn: 'answer', thinking } as const;
    for (const example of examples.filter((_, i) => i % every === 0)) {
      try {
        const { ids, learned, isEnded, isPromptOfUse, lostReasoning } = encodeByForm(baseText, example, settings);
        facts.lengths.push(ids.length);
        facts.examples.push({ line: example.line, learned, isEnded, isPromptOfUse, lostReasoning });
      } catch (error) {
        if (!(error instanceof WorkbenchError)) throw error;
        facts.refused.push({
          code: 'refusedExample',
          severity: 'error',
          where: `${name}:${example.line}`,
          message: error.message,
        });
      }
    }
    return { ...facts, lengths: Float64Array.from(facts.lengths), isSample: every > 1 };
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

/** The bytes of a dataset's files; undefined where one is not there, or they are too large. */
async function readData(files: string[]): Promise<Uint8Array[] | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const file of files) {
    const info = await stat(file).catch(() => undefined);
    bytes += info?.size ?? 0;
    const part = info?.isFile() && bytes <= longestData ? await readFile(file).catch(() => undefined) : undefined;
    if (!part) return undefined;
    parts.push(part);
  }
  return parts;
}

/** What is read, or undefined where the reader refuses it. */
async function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch(error => {
    if (error instanceof WorkbenchError) return undefined;
    throw error;
  });
}
