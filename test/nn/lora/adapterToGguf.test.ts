import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adapter } from '../../../src/nn/lora/adapter.ts';
import { adapterToGguf, type GgufBase } from '../../../src/nn/lora/adapterToGguf.ts';
import { type Architecture, architectures } from '../../../src/nn/model/architectures.ts';
import type { Matrix } from '../../../src/nn/tensor/dtype.ts';

/** A reader of what is written, after the specification: metadata, and tensors with shapes in ggml's order. */
function readGguf(bytes: Buffer) {
  let at = 0;
  const take = (n: number) => {
    at += n;
    return bytes.subarray(at - n, at);
  };
  const u32 = () => take(4).readUInt32LE();
  const u64 = () => Number(take(8).readBigUInt64LE());
  const text = () => take(u64()).toString();
  assert.equal(take(4).toString(), 'GGUF');
  assert.equal(u32(), 3);
  const [tensorCount, keyCount] = [u64(), u64()];
  const metadata: Record<string, unknown> = {};
  for (let i = 0; i < keyCount; i++) {
    const key = text();
    const type = u32();
    metadata[key] = type === 8 ? text() : type === 6 ? take(4).readFloatLE() : assert.fail(`type ${type}`);
  }
  const infos = Array.from({ length: tensorCount }, () => ({
    name: text(),
    ne: Array.from({ length: u32() }, u64),
    type: u32(),
    offset: u64(),
  }));
  const start = Math.ceil(at / 32) * 32;
  const tensors = infos.map(({ name, ne, type, offset }) => {
    assert.equal(type, 0);
    assert.equal(offset % 32, 0);
    const count = ne.reduce((a, b) => a * b, 1);
    return [
      name,
      { ne, data: Array.from({ length: count }, (_, i) => bytes.readFloatLE(start + offset + 4 * i)) },
    ] as const;
  });
  return { metadata, tensors: new Map(tensors), start, length: bytes.length };
}

const counting = (rows: number, cols: number): Matrix => ({
  rows,
  cols,
  data: Float32Array.from({ length: rows * cols }, (_, i) => i),
});

const adapter: Adapter = {
  name: 'math',
  config: { rank: 2, alpha: 3, rslora: true },
  modules: new Map([
    ['model.layers.0.self_attn.q_proj', { A: counting(2, 3), B: counting(8, 2), scaling: 3 / Math.SQRT2 }],
    ['model.layers.11.mlp.down_proj', { A: counting(1, 5), B: counting(3, 1), scaling: 7 }],
  ]),
};
const write = (base: GgufBase) => readGguf(Buffer.concat(adapterToGguf(adapter, base)));

test('a GGUF adapter has the keys, names and shapes llama.cpp asks for, and the scaling in alpha or B', () => {
  const { metadata, tensors, length } = write({ architecture: 'qwen2', heads: 2, kvHeads: 1 });
  const alpha = Math.fround(3 * Math.SQRT2);
  assert.deepEqual(metadata, {
    'multi_lora.result': 'adapter',
    'general.architecture': 'qwen2',
    'general.type': 'adapter',
    'general.name': 'math',
    'adapter.type': 'lora',
    'adapter.lora.alpha': alpha,
  });
  assert.equal(length % 32, 0);
  assert.deepEqual(tensors.get('blk.0.attn_q.weight.lora_a'), { ne: [3, 2], data: [0, 1, 2, 3, 4, 5] });
  assert.deepEqual(tensors.get('blk.0.attn_q.weight.lora_b')!.ne, [2, 8]);
  assert.deepEqual(tensors.get('blk.11.ffn_down.weight.lora_a')!.ne, [5, 1]);
  // llama.cpp applies alpha / rank; times what is in B that must be the scaling.
  const q = tensors.get('blk.0.attn_q.weight.lora_b')!.data;
  assert.ok(Math.abs((q[1]! * alpha) / 2 - 3 / Math.SQRT2) < 1e-6);
  const down = tensors.get('blk.11.ffn_down.weight.lora_b')!.data;
  assert.ok(Math.abs(down[2]! * alpha - 2 * 7) < 1e-5);
});

test("for Llama, q's rows go from half rotation to neighbouring pairs", () => {
  const { tensors } = write({ architecture: 'llama', heads: 2, kvHeads: 1 });
  const rows = tensors
    .get('blk.0.attn_q.weight.lora_b')!
    .data.filter((_, i) => i % 2 === 0)
    .map(v => Math.round(v) / 2);
  assert.deepEqual(rows, [0, 2, 1, 3, 4, 6, 5, 7]);
  assert.throws(() => write({ architecture: 'llama', heads: 3, kvHeads: 1 }), /8 outputs, which 3 heads/);
});

test('a module llama.cpp cannot adapt is refused by name', () => {
  const factors = { A: counting(1, 2), B: counting(2, 1), scaling: 1 };
  const other: Adapter = { ...adapter, modules: new Map([['lm_head', factors]]) };
  assert.throws(() => adapterToGguf(other, { architecture: 'llama', heads: 1, kvHeads: 1 }), /lm_head has no place/);
});

test('every linear layer of every family has a place', () => {
  for (const [architecture, { names, linears }] of Object.entries(architectures)) {
    const factors = { A: counting(1, 2), B: counting(12, 1), scaling: 1 };
    const paths = Object.values(linears)
      .flat()
      .map(module => `${names.blocks}.3.${module}`);
    const all: Adapter = { ...adapter, modules: new Map(paths.map(path => [path, factors])) };
    const { tensors } = readGguf(
      Buffer.concat(adapterToGguf(all, { architecture: architecture as Architecture, heads: 2, kvHeads: 1 })),
    );
    assert.ok(tensors.size >= 2 * paths.length, architecture);
    for (const name of tensors.keys()) assert.match(name, /^blk\.3\.(attn|ffn)_\w+\.weight\.lora_[ab]$/);
  }
});

test('the rows of joined layers lie as llama.cpp has them', () => {
  const rowsOf = (path: string, base: GgufBase) => {
    const factors = { A: counting(1, 2), B: counting(12, 1), scaling: 1 };
    const one: Adapter = { ...adapter, modules: new Map([[path, factors]]) };
    const { tensors } = readGguf(Buffer.concat(adapterToGguf(one, base)));
    const found = [...tensors].filter(([name]) => name.endsWith('lora_b'));
    return found.map(([name, { data }]) => [name.split('.')[2], ...data]);
  };
  const heads = { heads: 2, kvHeads: 2 };
  const kept = Array.from({ length: 12 }, (_, i) => i);
  assert.deepEqual(rowsOf('model.layers.0.self_attn.qkv_proj', { architecture: 'phi3', ...heads }), [
    ['attn_qkv', ...kept],
  ]);
  // q, k and v of one head, two rows each, and then of the other.
  assert.deepEqual(rowsOf('gpt_neox.layers.0.attention.query_key_value', { architecture: 'gpt_neox', ...heads }), [
    ['attn_qkv', 0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11],
  ]);
  assert.deepEqual(rowsOf('model.layers.0.shared_mlp.input_linear', { architecture: 'granitemoehybrid', ...heads }), [
    ['ffn_gate', ...kept.slice(0, 6)],
    ['ffn_up', ...kept.slice(6)],
  ]);
});
