import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadBase, openPlanBase, readBaseConfig, readBaseText } from '../../src/experiment/base.ts';
import { writeGgufModel } from '../../src/experiment/ggufModel.ts';
import { ropeFrequencies } from '../../src/nn/model/rope.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import { readTensors } from '../nn/lora/golden.ts';
import { assertClose, assertSameBits } from '../support/assertClose.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const golden = (name: string) => fileURLToPath(new URL(`../golden/models/${name}`, import.meta.url));
const embedded = fileURLToPath(new URL('../../media/base', import.meta.url));
const floatsOf = async (folder: string) => readTensors(pathToFileURL(join(folder, 'model.safetensors')));

/** Of each architecture that llama.cpp has, what is special in its files: rows of heads, norms, joined layers, stretched frequencies. */
const models: [name: string, changes?: Record<string, unknown>][] = [
  ['llama_tied'],
  ['llama_linear_rope'],
  ['llama_yarn'],
  ['smollm_like'],
  ['qwen2_tied'],
  ['qwen3_tied_headdim'],
  ['gemma2_tied', { query_pre_attn_scalar: 16 }],
  ['gemma3_tied', { query_pre_attn_scalar: 16, layer_types: Array(3).fill('sliding_attention') }],
  ['phi3_longrope_partial'],
  ['olmo2_untied'],
  ['granite_untied'],
];

/** A base of the goldens; with changes of its config.json in a folder of its own. */
function openGolden(name: string, changes?: Record<string, unknown>) {
  if (!changes) return loadBase(golden(name));
  const folder = temporaryFolder();
  cpSync(golden(name), folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }));
  return loadBase(folder);
}

for (const [name, changes] of models)
  test(`${name}: written as GGUF and read again, the base has the same configuration and the same weights`, async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'model.gguf');
    const base = await openGolden(name, changes);
    await writeGgufModel(base, [], path, { name, type: 'F32' });
    const again = await loadBase(path, { cacheFolder: join(folder, 'cache') });
    assert.deepEqual(roundedConfig(again.config), roundedConfig(base.config));
    const [wanted, found] = [await floatsOf(base.folder), await floatsOf(again.folder)];
    for (const [key, { shape }] of again.tensors) {
      assert.deepEqual(shape, base.tensors.get(key)!.shape, key);
      // Norms of Gemma have 1 added in the file.
      if (base.config.norm === 'rmsOnePlus') assertClose(found.get(key)!.data, wanted.get(key)!.data, 1e-6, key);
      else assertSameBits(found.get(key)!.data, wanted.get(key)!.data);
    }
  });

/** Numbers of metadata are single floats. */
function roundedConfig(config: unknown): unknown {
  return JSON.parse(JSON.stringify(config), (_, x) =>
    typeof x === 'number' ? Number(Math.fround(x).toPrecision(5)) : x,
  );
}

test('the embedded base as GGUF: the same tokens, template and ends of answers; in 8 bits its weights move by half a step at most', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'base.gguf');
  const base = await loadBase(embedded);
  await writeGgufModel(base, [], path, { name: 'embedded', type: 'Q8_0' });
  const again = await loadBase(path, { cacheFolder: join(folder, 'cache') });
  const [own, read] = [base.text(), again.text()];
  assert.equal(read.chatTemplate.source, own.chatTemplate.source);
  assert.deepEqual(read.stopIds, own.stopIds);
  for (const text of ['What is 12 + 30?', "don't\n\n  stop <|im_end|> 3½ ñ 日本", '\ufeffmark'])
    assert.deepEqual(read.tokenizer.encode(text), own.tokenizer.encode(text), text);
  const name = 'model.layers.0.mlp.down_proj.weight';
  const [wanted, found] = [
    (await floatsOf(base.folder)).get(name)!.data,
    (await floatsOf(again.folder)).get(name)!.data,
  ];
  for (let at = 0; at < wanted.length; at += 32) {
    const largest = Math.max(...wanted.subarray(at, at + 32).map(Math.abs));
    // A scale in 16 bits adds a little to half a step.
    assertClose(found.subarray(at, at + 32), wanted.subarray(at, at + 32), (largest / 127) * 0.6, name);
  }
});

test('a base in GGUF is described and planned before its weights are made readable, under any name and where it moves', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'sha256-0123');
  const base = await loadBase(embedded);
  await writeGgufModel(base, [], path, { name: 'embedded', type: 'F16' });
  assert.equal((await readBaseConfig(path)).config.dim, base.config.dim);
  assert.equal((await readBaseText(path))!.tokenizer.vocabSize, base.config.vocab);
  const plan = await openPlanBase(path, 'none', embedded);
  assert.deepEqual(plan.notes, []);
  assert.equal(plan.base.tensors.get('model.norm.weight')!.dtype, 'F32');
  assert.equal(plan.base.tensors.get('model.embed_tokens.weight')!.dtype, 'F16');
  const cacheFolder = join(folder, 'cache');
  const told: number[] = [];
  const read = await loadBase(path, { cacheFolder, progress: done => told.push(done) });
  assert.equal(told.at(-1), base.tensors.size);
  mkdirSync(join(folder, 'other'));
  cpSync(path, join(folder, 'other/moved.gguf'), { preserveTimestamps: true });
  const moved = await loadBase(path, { cacheFolder });
  assert.equal(moved.folder, read.folder);
});

test('a file that was cut off, is damaged, or is of another kind is refused by name', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'model.gguf');
  await writeGgufModel(await loadBase(golden('llama_tied')), [], path, { name: 'x', type: 'F16' });
  const refused = async (file: string, code: string, message: RegExp) => {
    const isMeant = (error: WorkbenchError) =>
      error.code === code && message.test(error.message) && error.message.includes(folder);
    await assert.rejects(loadBase(file, { cacheFolder: join(folder, 'cache') }), isMeant);
  };
  const cut = join(folder, 'cut.gguf');
  copyFileSync(path, cut);
  truncateSync(cut, 20_000);
  await refused(cut, 'badFile', /should end at byte \d+; the file has 20000 bytes/);
  truncateSync(cut, 300);
  await refused(cut, 'badFile', /ends within its head/);
  writeFileSync(cut, 'GGUX');
  await refused(cut, 'badFile', /no GGUF file/);
  writeFileSync(cut, Buffer.concat([Buffer.from('GGUF'), Buffer.from([0, 0, 0, 3])]));
  await refused(cut, 'unsupported', /big-endian/);
  const alone = join(folder, 'm-00001-of-00002.gguf');
  copyFileSync(path, alone);
  await refused(alone, 'notFound', /m-00002-of-00002\.gguf/);
  await refused(folder, 'notFound', /has cut\.gguf, and no config\.json/);
});

test('frequencies that are stretched as no known model does it keep what each is divided by', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'model.gguf');
  const base = await loadBase(golden('llama_untied_llama3rope'));
  await writeGgufModel(base, [], path, { name: 'x', type: 'F32' });
  const { config } = await loadBase(path, { cacheFolder: join(folder, 'cache') });
  assertClose(ropeFrequencies(config.ropes[0]!, 1), ropeFrequencies(base.config.ropes[0]!, 1), 1e-7);
});

test('a model that llama.cpp would compute otherwise is not written', async () => {
  const out = join(temporaryFolder(), 'model.gguf');
  for (const [name, what] of [
    ['mistral_window8', /'layerTypes' as it is here/],
    ['gemma3_tied', /'layerTypes' as it is here/],
    ['gemma2_tied', /'factors' as it is here/],
    ['starcoder2_tied', /of the class Starcoder2ForCausalLM/],
  ] as const)
    await assert.rejects(writeGgufModel(await loadBase(golden(name)), [], out, { name: 'x', type: 'F32' }), what, name);
});
