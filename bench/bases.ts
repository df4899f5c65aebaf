import { once } from 'node:events';
import { createWriteStream, existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { loadBase } from '../src/experiment/base.ts';
import { parseBaseConfig } from '../src/nn/model/config.ts';
import { baseTensors } from '../src/nn/model/layout.ts';
import { floatToHalf } from '../src/nn/tensor/half.ts';
import { Random } from '../src/nn/tensor/random.ts';
import { cacheFolder } from './cacheFolder.ts';

/** The bases that the rows measure. */
export const baseNames = ['embedded', '135M', '0.5B', 'smollm2', 'qwen-coder'] as const;
export type BaseName = (typeof baseNames)[number];

export interface BenchBase {
  name: BaseName;
  folder: string;
  /** The file that the folder was made of, for a base in GGUF. */
  gguf?: string;
}

export async function benchBase(name: BaseName): Promise<BenchBase> {
  if (name === 'embedded') return embeddedBase();
  return isRandom(name) ? randomBase(name) : realBase(name);
}

/** Files in GGUF, in the folder that MULTI_LORA_REAL_BASES names. */
const realFiles = {
  smollm2: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  'qwen-coder': 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf',
};

const realFile = (name: keyof typeof realFiles) => join(process.env.MULTI_LORA_REAL_BASES ?? '', realFiles[name]);

/** Whether a base can be measured on this machine; the largest only where it is asked for. */
export function isThere(name: BaseName, asked: boolean): boolean {
  if (name === '0.5B') return asked;
  return name === 'embedded' || isRandom(name) || existsSync(realFile(name));
}

/** A base in GGUF, as the engine makes it a folder. */
async function realBase(name: keyof typeof realFiles): Promise<BenchBase> {
  const { folder } = await loadBase(realFile(name), { cacheFolder: cacheFolder('bases') });
  return { name, folder, gguf: realFile(name) };
}

/** The base that ships with the project. */
export function embeddedBase(): BenchBase {
  return { name: 'embedded', folder: fileURLToPath(new URL('../media/base', import.meta.url)) };
}

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  max_position_embeddings: 2048,
  tie_word_embeddings: true,
  torch_dtype: 'float16',
};

/** Shapes of known models, with a shorter context. */
const randomConfigs = {
  /** HuggingFaceTB/SmolLM2-135M. */
  '135M': {
    ...llama,
    vocab_size: 49152,
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    rms_norm_eps: 1e-5,
    rope_theta: 100000,
  },
  /** Qwen/Qwen2.5-0.5B, without its biases. */
  '0.5B': {
    ...llama,
    vocab_size: 151936,
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    rms_norm_eps: 1e-6,
    rope_theta: 1000000,
  },
};

type RandomName = keyof typeof randomConfigs;

export const isRandom = (name: BaseName): name is RandomName => name in randomConfigs;

/** A base of a known shape with seeded random weights in F16, made once and kept. */
export async function randomBase(name: RandomName): Promise<BenchBase> {
  const config = randomConfigs[name];
  const folder = cacheFolder(`random-${name.toLowerCase()}`);
  const weights = join(folder, 'model.safetensors');
  if (!existsSync(weights)) await writeRandomWeights(config, weights);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, undefined, 2));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(madeUpTokenizer(config.vocab_size)));
  return { name, folder };
}

/** llama.cpp loads no model without a vocabulary; ids go in and come out. */
function madeUpTokenizer(size: number): unknown {
  const vocab = Object.fromEntries(Array.from({ length: size }, (_, i) => [`t${i}`, i]));
  const step = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return { added_tokens: [], pre_tokenizer: step, decoder: step, model: { type: 'BPE', vocab, merges: [] } };
}

async function writeRandomWeights(config: (typeof randomConfigs)[RandomName], path: string): Promise<void> {
  const random = new Random(135);
  const tensors = [...baseTensors(parseBaseConfig(config))];
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of tensors) {
    const bytes = 2 * product(shape);
    header[name] = { dtype: 'F16', shape, data_offsets: [at, (at += bytes)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  const out = createWriteStream(`${path}.part`);
  out.write(prefix);
  out.write(padded);
  for (const [name, shape] of tensors) {
    const data = new Uint16Array(product(shape));
    const one = floatToHalf(1);
    // Uniform, of the standard deviation with which SmolLM2 was initialised.
    const bound = 0.041666 * Math.sqrt(3);
    if (name.endsWith('norm.weight')) data.fill(one);
    else for (let i = 0; i < data.length; i++) data[i] = floatToHalf((2 * random.uniform() - 1) * bound);
    if (!out.write(new Uint8Array(data.buffer))) await once(out, 'drain');
  }
  out.end();
  await finished(out);
  renameSync(`${path}.part`, path);
}

const product = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
