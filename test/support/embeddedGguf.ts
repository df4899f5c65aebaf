import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBase } from '../../src/experiment/base.ts';
import { encodeFloats, parseSafetensorsHeader, readTensorF32 } from '../../src/nn/files/safetensors.ts';
import { ggufChange, ggufTensorNames, interleaveRows } from '../../src/nn/model/ggufTensors.ts';

type Value = string | number | { f32: number } | string[] | number[];

/** The embedded base as one GGUF file, with 16 bits a weight as in its own; `changes` are of its metadata. */
export async function embeddedGguf(path: string, changes: Record<string, Value> = {}): Promise<void> {
  const { config, folder } = await loadBase(fileURLToPath(new URL('../../media/base', import.meta.url)));
  const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const { model, added_tokens } = json('tokenizer.json');
  const tokens = Array.from({ length: config.vocab }, (_, id) => `[PAD${id}]`);
  const types = tokens.map(() => 5);
  for (const [token, id] of Object.entries<number>(model.vocab)) [tokens[id], types[id]] = [token, 1];
  for (const { id, content } of added_tokens) [tokens[id], types[id]] = [content, 3];
  const metadata: Record<string, Value> = {
    'general.architecture': 'llama',
    'general.name': 'Embedded',
    'llama.block_count': config.layers,
    'llama.context_length': config.maxLength,
    'llama.embedding_length': json('config.json').hidden_size,
    'llama.feed_forward_length': json('config.json').intermediate_size,
    'llama.attention.head_count': config.heads,
    'llama.attention.head_count_kv': config.kvHeads,
    'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
    'llama.rope.freq_base': { f32: 10000 },
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': types,
    'tokenizer.ggml.merges': model.merges.map((pair: string[]) => pair.join(' ')),
    'tokenizer.ggml.eos_token_id': json('config.json').eos_token_id,
    'tokenizer.ggml.eot_token_id': 0,
    'tokenizer.chat_template': json('tokenizer_config.json').chat_template,
    ...changes,
  };
  const file = new Uint8Array(readFileSync(join(folder, 'model.safetensors')));
  const { tensors } = parseSafetensorsHeader(file, file.length, folder);
  const entries = [...tensors].map(([name, tensor]) => {
    const data = readTensorF32(tensor, file.subarray(tensor.begin, tensor.end));
    const change = ggufChange(name, config);
    const [rows, cols] = tensor.shape as [number, number];
    const arranged = typeof change === 'object' ? interleaveRows({ rows, cols, data }, change.heads, name).data : data;
    // llama.cpp wants vectors in F32.
    const dtype = tensor.shape.length > 1 ? ('F16' as const) : ('F32' as const);
    const [own] = ggufTensorNames(name, config.architecture)!;
    return { name: own!, shape: tensor.shape, dtype, bytes: encodeFloats(arranged, dtype, name) };
  });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, ggufFile(metadata, entries));
}

/** What begins a GGUF file and says no more than this of a model. */
export function ggufStart(metadata: Record<string, Value>): Buffer {
  return ggufFile(metadata, []);
}

function ggufFile(
  metadata: Record<string, Value>,
  tensors: { name: string; shape: number[]; dtype: 'F16' | 'F32'; bytes: Uint8Array }[],
): Buffer {
  const parts: Uint8Array[] = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(Object.keys(metadata).length)];
  for (const [key, value] of Object.entries(metadata)) parts.push(text(key), ...encoded(value));
  let offset = 0;
  for (const { name, shape, dtype, bytes } of tensors) {
    parts.push(
      text(name),
      u32(shape.length),
      ...[...shape].reverse().map(u64),
      u32(dtype === 'F16' ? 1 : 0),
      u64(offset),
    );
    offset += padded(bytes).length;
  }
  return Buffer.concat([padded(Buffer.concat(parts)), ...tensors.map(({ bytes }) => padded(bytes))]);
}

/** With the number of its type before it. */
function encoded(value: Value): Uint8Array[] {
  if (typeof value === 'string') return [u32(8), text(value)];
  if (typeof value === 'number') return [u32(4), u32(value)];
  if (!Array.isArray(value)) return [u32(6), new Uint8Array(Float32Array.of(value.f32).buffer)];
  const isText = typeof value[0] === 'string';
  const items = value.map(item => (typeof item === 'string' ? text(item) : u32(item)));
  return [u32(9), u32(isText ? 8 : 4), u64(value.length), ...items];
}

const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const padded = (bytes: Uint8Array) => Buffer.concat([bytes, new Uint8Array(-bytes.length & 31)]);
