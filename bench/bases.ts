import { once } from 'node:events';
import { createWriteStream, existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseBaseConfig } from '../src/nn/model/config.ts';
import { baseTensors } from '../src/nn/model/layout.ts';
import { floatToHalf } from '../src/nn/tensor/half.ts';
import { Random } from '../src/nn/tensor/random.ts';
import { cacheFolder } from './cacheFolder.ts';

/** The bases that the rows measure. */
export const baseNames = ['embedded', '135M'] as const;
export type BaseName = (typeof baseNames)[number];

export interface BenchBase {
  name: BaseName;
  folder: string;
}

export async function benchBase(name: BaseName): Promise<BenchBase> {
  return name === '135M' ? randomBase() : embeddedBase();
}

/** The base that ships with the project. */
export function embeddedBase(): BenchBase {
  return { name: 'embedded', folder: fileURLToPath(new URL('../media/base', import.meta.url)) };
}

/** The shape of HuggingFaceTB/SmolLM2-135M, with a shorter context. */
const smolConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 49152,
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  hidden_act: 'silu',
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  tie_word_embeddings: true,
  torch_dtype: 'float16',
};

/** A base of SmolLM2-135M's shape with seeded random weights in F16, made once and kept. */
export async function randomBase(): Promise<BenchBase> {
  const folder = cacheFolder('random-135m');
  const weights = join(folder, 'model.safetensors');
  if (!existsSync(weights)) await writeRandomWeights(weights);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(smolConfig, undefined, 2));
  return { name: '135M', folder };
}

async function writeRandomWeights(path: string): Promise<void> {
  const random = new Random(135);
  const tensors = [...baseTensors(parseBaseConfig(smolConfig))];
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
