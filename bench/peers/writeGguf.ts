import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { loadBase } from '../../src/experiment/base.ts';
import { readTensorF32 } from '../../src/nn/files/safetensors.ts';
import type { BaseConfig } from '../../src/nn/model/config.ts';
import { blockSize, bytesPerBlock, encodeBlocks } from '../../src/nn/quant/blocks.ts';
import { floatToHalf } from '../../src/nn/tensor/half.ts';
import type { BenchBase } from '../bases.ts';
import { cacheFolder } from '../cacheFolder.ts';

type Value =
  | { string: string }
  | { float32: number }
  | { uint32: number }
  | { strings: string[] }
  | { int32s: number[] };

/** Numbers of the types in https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
const typeNumber = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };
const alignment = 32;

/** ggml's numbers of the types of tensors: https://github.com/ggml-org/ggml/blob/master/include/ggml.h. */
const tensorTypes = { F32: 0, Q8_0: 8 };

/** How the weights of products are written. */
export type GgufWeights = keyof typeof tensorTypes;

/** llama.cpp's names of a block's tensors. */
const blockNames: Record<string, string> = {
  'input_layernorm.weight': 'attn_norm.weight',
  'post_attention_layernorm.weight': 'ffn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
  'self_attn.o_proj.weight': 'attn_output.weight',
  'mlp.gate_proj.weight': 'ffn_gate.weight',
  'mlp.up_proj.weight': 'ffn_up.weight',
  'mlp.down_proj.weight': 'ffn_down.weight',
};
const otherNames: Record<string, string> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

/**
 * A base of the Llama architecture as a GGUF file: in F32 the numbers that the engine computes with, in Q8_0 its 8-bit
 * codes with scales in F16. Made once and kept. Its vocabulary is made up: token ids go in and come out.
 */
export async function writeGguf(base: BenchBase, weights: GgufWeights): Promise<string> {
  const path = join(cacheFolder('gguf'), `${base.name}-${weights.toLowerCase()}.gguf`);
  if (existsSync(path)) return path;
  const { config, tensors, folder } = await loadBase(base.folder);
  const files = new Map<string, Buffer>();
  const list = [...tensors].map(([name, place]) => ({
    name: ggufName(name),
    from: name,
    place,
    type: place.shape.length === 2 ? weights : ('F32' as const),
  }));
  const head: Uint8Array[] = [Buffer.from('GGUF'), uint32(3), uint64(list.length)];
  const metadata = metadataOf(config, base.name);
  head.push(uint64(metadata.size));
  for (const [key, value] of metadata) head.push(text(key), ...encodeValue(value));
  let offset = 0;
  for (const { name, place, type } of list) {
    const { shape } = place;
    head.push(text(name), uint32(shape.length), ...[...shape].reverse().map(uint64), uint32(tensorTypes[type]));
    head.push(uint64(offset));
    const count = shape.reduce((a, b) => a * b, 1);
    offset += padded(type === 'F32' ? 4 * count : (count / blockSize) * q8BlockBytes);
  }
  const headLength = head.reduce((sum, part) => sum + part.length, 0);
  const out = createWriteStream(`${path}.part`);
  const write = async (bytes: Uint8Array) => {
    if (!out.write(bytes)) await once(out, 'drain');
  };
  await write(Buffer.concat([...head, Buffer.alloc(padded(headLength) - headLength)]));
  for (const { from, place, type } of list) {
    if (!files.has(place.file)) files.set(place.file, readFileSync(join(folder, place.file)));
    const bytes = files.get(place.file)!.subarray(place.offset, place.offset + place.length);
    const floats = readTensorF32({ dtype: place.dtype, shape: place.shape }, bytes);
    const heads = from.endsWith('q_proj.weight') ? config.heads : from.endsWith('k_proj.weight') ? config.kvHeads : 0;
    const data = heads > 0 ? interleaveRows(floats, place.shape as [number, number], heads) : floats;
    const raw =
      type === 'F32'
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : q8Blocks(data, place.shape as [number, number]);
    await write(Buffer.concat([raw, Buffer.alloc(padded(raw.length) - raw.length)]));
  }
  out.end();
  await finished(out);
  renameSync(`${path}.part`, path);
  return path;
}

/** A scale in F16 and 32 codes. */
const q8BlockBytes = 2 + bytesPerBlock(8);

/** Rows of whole blocks as ggml's block_q8_0: the scale, then the codes as signed bytes. */
function q8Blocks(data: Float32Array, [rows, cols]: [number, number]): Uint8Array {
  const { codes, scales } = encodeBlocks(data, rows, cols, 8);
  const bytes = new Uint8Array(scales.length * q8BlockBytes);
  const view = new DataView(bytes.buffer);
  for (const [b, scale] of scales.entries()) {
    view.setUint16(b * q8BlockBytes, floatToHalf(scale), true);
    for (let i = 0; i < blockSize; i++) view.setInt8(b * q8BlockBytes + 2 + i, codes[b * blockSize + i]! - 128);
  }
  return bytes;
}

function metadataOf(c: BaseConfig, name: string): Map<string, Value> {
  const tokens = Array.from({ length: c.vocab }, (_, i) => `t${i}`);
  return new Map<string, Value>([
    ['general.architecture', { string: 'llama' }],
    ['general.name', { string: name }],
    ['general.file_type', { uint32: 0 }],
    ['llama.vocab_size', { uint32: c.vocab }],
    ['llama.context_length', { uint32: c.maxLength }],
    ['llama.embedding_length', { uint32: c.dim }],
    ['llama.block_count', { uint32: c.layers }],
    ['llama.feed_forward_length', { uint32: c.mlpDim }],
    ['llama.attention.head_count', { uint32: c.heads }],
    ['llama.attention.head_count_kv', { uint32: c.kvHeads }],
    ['llama.attention.layer_norm_rms_epsilon', { float32: c.epsilon }],
    ['llama.rope.dimension_count', { uint32: c.headDim }],
    ['llama.rope.freq_base', { float32: c.ropes[0]!.theta }],
    ['tokenizer.ggml.model', { string: 'gpt2' }],
    ['tokenizer.ggml.pre', { string: 'default' }],
    ['tokenizer.ggml.tokens', { strings: tokens }],
    ['tokenizer.ggml.token_type', { int32s: tokens.map(() => 1) }],
    ['tokenizer.ggml.merges', { strings: ['t 0'] }],
    ['tokenizer.ggml.bos_token_id', { uint32: 1 }],
    ['tokenizer.ggml.eos_token_id', { uint32: 2 }],
  ]);
}

/**
 * llama.cpp rotates neighbouring pairs, Hugging Face the two halves of a head; its converter reorders the rows of q and
 * k: within a head, row t · dim/2 + j goes to 2j + t.
 */
function interleaveRows(data: Float32Array, [rows, cols]: [number, number], heads: number): Float32Array {
  const half = rows / heads / 2;
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const within = row % (2 * half);
    const to = row - within + 2 * (within % half) + Math.floor(within / half);
    result.set(data.subarray(row * cols, (row + 1) * cols), to * cols);
  }
  return result;
}

function ggufName(name: string): string {
  const block = /^model\.layers\.(\d+)\.(.+)$/.exec(name);
  const known = block ? `blk.${block[1]}.${blockNames[block[2]!]}` : otherNames[name];
  if (!known || known.endsWith('undefined')) throw new Error(`llama.cpp has no place for ${name}`);
  return known;
}

function encodeValue(value: Value): Uint8Array[] {
  if ('string' in value) return [uint32(typeNumber.string), text(value.string)];
  if ('float32' in value) return [uint32(typeNumber.float32), new Uint8Array(Float32Array.of(value.float32).buffer)];
  if ('uint32' in value) return [uint32(typeNumber.uint32), uint32(value.uint32)];
  const [type, items] =
    'strings' in value
      ? [typeNumber.string, value.strings.map(text)]
      : [typeNumber.int32, [new Uint8Array(Int32Array.from(value.int32s).buffer)]];
  const count = 'strings' in value ? value.strings.length : value.int32s.length;
  return [uint32(typeNumber.array), uint32(type), uint64(count), ...items];
}

const padded = (length: number) => Math.ceil(length / alignment) * alignment;
const uint32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const uint64 = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
};
