import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { quantizeBase } from '../../../src/engine/runtime/quantizedBase.ts';
import { createSession, floats, int64s, readFloats } from '../../../src/engine/runtime/session.ts';
import { checkSameDrive } from '../../../src/engine/runtime/tensorCopy.ts';
import { type Base, graphConfig, hashBase, loadBase } from '../../../src/experiment/base.ts';
import { readSafetensorsHeader } from '../../../src/experiment/safetensorsFile.ts';
import { encodeSafetensors, type TensorToWrite } from '../../../src/nn/files/safetensors.ts';
import { externalWeights } from '../../../src/nn/model/baseWeights.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import { codeBits, quantizedTensors } from '../../../src/nn/model/quantizedTensors.ts';
import { encodeBlocks } from '../../../src/nn/quant/blocks.ts';
import { assembleBatch } from '../../../src/nn/train/assembleBatch.ts';
import { buildTrainGraph, expertGroup, groupSize } from '../../../src/nn/train/trainGraph.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import type { Quantization } from '../../../src/protocol/quantization.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { decodeBlocks } from '../../support/decodeBlocks.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenTensors } from '../../support/goldenFiles.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const models = [
  'llama_tied',
  'llama_untied_llama3rope',
  'llama_linear_rope',
  'smollm_like',
  'qwen2_tied',
  'qwen3_tied_headdim',
];
/** Largest distance of logits from the reference's; these models have random weights, which leave no room. */
const kinds: [Quantization, number][] = [
  ['int8', 0.04],
  ['int4', 0.35],
];
/** What it adds that products read their input in 8 bits too. */
const inputRounding = 0.03;

/** A base in F32 whose weights are what the codes and scales of a quantised one stand for. */
async function dequantizedBase(name: string, quantization: Quantization): Promise<Base> {
  const base = await goldenBase(name);
  const read = goldenTensors(`models/${name}/model.safetensors`);
  const written = new Map<string, TensorToWrite>(
    [...base.tensors].map(([key, { shape }]) => [key, { name: key, dtype: 'F32', shape, data: read(key) }]),
  );
  for (const t of quantizedTensors(base.config)) {
    const data = decodeBlocks(encodeBlocks(read(t.source), t.rows, t.cols, codeBits[quantization]));
    written.set(t.name, { name: t.name, dtype: 'F32', shape: [t.rows, t.cols], data });
  }
  const folder = temporaryFolder();
  const config = { ...base.configJson, tie_word_embeddings: false };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'model.safetensors'), Buffer.concat(encodeSafetensors([...written.values()])));
  return loadBase(folder);
}

async function logitsOf(base: Base, ids: number[]): Promise<Float32Array> {
  const model = await openModel(base, 1);
  const logits = await allLogits(model, ids, {});
  await model.dispose();
  return logits;
}

/** √Σ(a−b)² / √Σb² */
function distance(a: Float32Array, b: Float32Array): number {
  const norm = (f: (i: number) => number) => Math.sqrt(a.reduce((sum, _, i) => sum + f(i) ** 2, 0));
  return norm(i => a[i]! - b[i]!) / norm(i => b[i]!);
}

/** Loss and gradients of the factors of every linear layer, over one batch. */
async function lossAndGradients(base: Base, recompute = false): Promise<{ loss: number; gradients: Float32Array }> {
  const expert = { name: 'e', rank: 2, targets: linearLayers(base.config).map(l => l.path) };
  const graph = buildTrainGraph({
    config: graphConfig(base),
    experts: [expert],
    weights: g => externalWeights(g, base.tensors),
    phase: 'accumulate',
    dropout: false,
    recompute,
  });
  const session = await createSession(graph, { folder: base.folder, threads: 1 });
  const ids = Int32Array.of(1, 26, 79, 7, 90, 59, 92, 3);
  const batch = assembleBatch([{ expert: 0, scaling: 2, examples: [{ ids, labels: ids }], share: 1 }], 1);
  const size = groupSize(expertGroup(base.config, expert));
  const out = await session.run({
    ids: int64s(batch.ids, [batch.rows, batch.length]),
    gate: floats(batch.gate, [batch.rows, 1]),
    lossRows: int64s(batch.lossRows, [batch.lossRows.length]),
    labels: int64s(batch.labels, [batch.labels.length]),
    lossWeights: floats(batch.lossWeights, [batch.labels.length, 1]),
    e: floats(
      Float32Array.from({ length: size }, (_, i) => 0.05 * Math.sin(i)),
      [size],
    ),
    'e.sum': floats(new Float32Array(size), [size]),
  });
  const result = { loss: readFloats(out.losses!)[0]!, gradients: readFloats(out['e.sum.out']!).slice() };
  await session.dispose();
  return result;
}

for (const name of models)
  for (const [quantization, bound] of kinds) {
    test(`${name} in ${quantization}: logits within ${bound} of the reference's and 0.03 of the dequantised weights'`, async () => {
      const base = await goldenBase(name);
      const gold = goldenJson(`models/${name}/golden.json`);
      const reference = goldenTensors(`models/${name}/golden.safetensors`)('logits.seq0');
      const ids: number[] = gold.input_ids[0].filter((_: number, t: number) => gold.attention_mask[0][t] === 1);
      const found = await logitsOf(await quantizeBase(base, { quantization, cacheFolder: temporaryFolder() }), ids);
      const exact = await logitsOf(await dequantizedBase(name, quantization), ids);
      assert.ok(distance(found, reference) <= bound);
      assert.ok(distance(found, exact) <= inputRounding);
    });

    test(`${name} in ${quantization}: loss and gradients of factors are those over the dequantised weights in F32`, async () => {
      const cacheFolder = temporaryFolder();
      const quantized = await lossAndGradients(
        await quantizeBase(await goldenBase(name), { quantization, cacheFolder }),
      );
      const exact = await lossAndGradients(await dequantizedBase(name, quantization));
      assertClose([quantized.loss], [exact.loss], 1e-5, 'loss');
      const largest = exact.gradients.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
      assertClose(quantized.gradients, exact.gradients, 1e-5 * largest, 'gradients');
    });
  }

test('with activations computed again in the backward pass: the same loss and gradients', async () => {
  const base = await quantizeBase(await goldenBase('qwen2_tied'), {
    quantization: 'int4',
    cacheFolder: temporaryFolder(),
  });
  const [plain, again] = [await lossAndGradients(base), await lossAndGradients(base, true)];
  assertClose([again.loss], [plain.loss], 1e-6, 'loss');
  assertClose(again.gradients, plain.gradients, 1e-6, 'gradients');
});

const modelName = 'llama_tied';
const ids = [1, 26, 79, 7];

/** The one quantised copy in a cache. */
async function copyIn(cacheFolder: string): Promise<string> {
  const folder = join(cacheFolder, 'quantized');
  const files = await readdir(folder);
  assert.equal(files.length, 1);
  return join(folder, files[0]!);
}

test('a copy is made once, beside neither the base nor another of its kind, and the base is not written', async () => {
  const base = await goldenBase(modelName);
  const before = await hashBase(base);
  const cacheFolder = temporaryFolder();
  const progress: [number, number][] = [];
  const options = { cacheFolder, progress: (done: number, total: number) => progress.push([done, total]) };
  const first = await quantizeBase(base, { ...options, quantization: 'int8' });
  const copy = await copyIn(cacheFolder);
  const made = (await stat(copy)).mtimeMs;
  const told = progress.length;
  assert.equal(told, quantizedTensors(base.config).length);
  assert.deepEqual(progress.at(-1), [told, told]);
  const second = await quantizeBase(base, { ...options, quantization: 'int8' });
  assert.equal((await stat(copy)).mtimeMs, made);
  assert.equal(progress.length, told);
  assertSameBits(await logitsOf(second, ids), await logitsOf(first, ids));
  await quantizeBase(base, { ...options, quantization: 'int4' });
  assert.equal((await readdir(join(cacheFolder, 'quantized'))).length, 2);
  assert.equal(await hashBase(first), before);
  assert.deepEqual(
    (await readdir(base.folder)).filter(file => file.endsWith('.safetensors')),
    ['model.safetensors'],
  );
});

test('the copy is a safetensors file', async () => {
  const cacheFolder = temporaryFolder();
  const base = await quantizeBase(await goldenBase(modelName), { cacheFolder, quantization: 'int4' });
  const header = await readSafetensorsHeader(await copyIn(cacheFolder));
  assert.equal(header.metadata.base, await hashBase(base));
  const [out, width] = base.tensors.get('model.layers.0.mlp.down_proj.weight')!.shape as [number, number];
  const name = 'model.layers.0.mlp.down_proj.weight';
  assert.deepEqual(header.tensors.get(`${name}.codes`)!.shape, [out, Math.ceil(width / 32), 16]);
  assert.deepEqual(header.tensors.get(`${name}.scales`)!.shape, [out, Math.ceil(width / 32)]);
});

test('a copy that was cut off, altered, or is of other weights is made anew', async () => {
  const cacheFolder = temporaryFolder();
  const base = await goldenBase(modelName);
  const quantize = () => quantizeBase(base, { cacheFolder, quantization: 'int8' });
  await quantize();
  const copy = await copyIn(cacheFolder);
  const whole = await readFile(copy);
  const altered = (at: number) => {
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 1;
    return bytes;
  };
  const metadata = whole.indexOf('"base":"') + 8;
  const damaged = [whole.subarray(0, 100), Buffer.alloc(0), altered(whole.length - 1), altered(9), altered(metadata)];
  for (const [i, bytes] of damaged.entries()) {
    await writeFile(copy, bytes);
    await quantize();
    assert.ok((await readFile(copy)).equals(whole), `damage ${i}`);
  }
});

test('cancelled half-way, nothing is left, and what a killed process left is removed', async () => {
  const cacheFolder = temporaryFolder();
  const folder = join(cacheFolder, 'quantized');
  await mkdir(folder);
  // No process has this number: it is above what systems give out.
  await writeFile(join(folder, 'x.safetensors.multi-lora-4194999.0123abcd.tmp'), 'half');
  const abort = new AbortController();
  const base = await goldenBase(modelName);
  const progress = (done: number, total: number) => done > total / 2 && abort.abort();
  const options = { cacheFolder, quantization: 'int8' as const, signal: abort.signal, progress };
  await assert.rejects(quantizeBase(base, options), { name: 'AbortError' });
  assert.deepEqual(await readdir(folder), []);
});

test('a cache that cannot be written is named', async () => {
  const file = join(temporaryFolder(), 'file');
  await writeFile(file, '');
  const base = await goldenBase(modelName);
  await assert.rejects(
    quantizeBase(base, { cacheFolder: file, quantization: 'int8' }),
    (e: WorkbenchError) => e.code === 'storage' && e.message.includes(file),
  );
});

test('a base and a cache on different drives are named', () => {
  const drive = (path: string) => /[CD]:/i.exec(path)?.[0] ?? '';
  checkSameDrive('c:/base', 'C:/cache', drive);
  assert.throws(
    () => checkSameDrive('D:/base', 'C:/cache', drive),
    (e: WorkbenchError) => e.code === 'unsupported' && e.message.includes('different drives'),
  );
});
