import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FittedPart, fitRegmean } from '../../../src/engine/merging/fitRegmean.ts';
import { createSession, floats, int64s, readFloats } from '../../../src/engine/runtime/session.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { type Base, graphConfig, loadBase } from '../../../src/experiment/base.ts';
import { writeMergedBase } from '../../../src/experiment/mergedBase.ts';
import type { Adapter } from '../../../src/nn/lora/adapter.ts';
import { buildGramGraph } from '../../../src/nn/merge/gramGraph.ts';
import { linearGroups, linearLayers } from '../../../src/nn/model/layout.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import type { EncodedExample } from '../../../src/nn/train/assembleBatch.ts';
import { adapterFolder } from '../../support/adapterFolder.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenTensors } from '../../support/goldenFiles.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const sizesOf = (base: Base) =>
  Object.fromEntries(linearLayers(base.config).map(l => [l.path, [l.out, l.in] as [number, number]]));

function texts(count: number, seed: number): EncodedExample[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const ids = Int32Array.from({ length: 10 + random.integer(0, 10) }, () => random.integer(3, 90));
    return { ids, labels: ids };
  });
}

/** The Gram matrices of rows of tokens under the base with an adapter, by layers that share an input. */
async function gramsOf(base: Base, rows: number[][], adapter?: Adapter): Promise<Map<string, Float32Array>> {
  const groups = linearGroups(base.config);
  const graph = buildGramGraph(graphConfig(base), base.tensors, new Set(adapter?.modules.keys()), groups);
  const session = await createSession(graph, { folder: base.folder, threads: 1 });
  const length = Math.max(...rows.map(r => r.length));
  const padded = rows.flatMap(r => [...r, ...new Array<number>(length - r.length).fill(0)]);
  const places = rows.flatMap((r, i) => r.map((_, t) => i * length + t));
  const factors = [...(adapter?.modules ?? [])].flatMap(([path, { A, B, scaling }]) => [
    [`${path}.A`, floats(A.data, [A.rows, A.cols])] as const,
    [
      `${path}.B`,
      floats(
        B.data.map(x => x * scaling),
        [B.rows, B.cols],
      ),
    ] as const,
  ]);
  const asked = new Set(graph.inputs.map(v => v.name));
  const out = await session.run({
    ids: int64s(padded, [rows.length, length]),
    tokens: int64s(places, [places.length]),
    ...Object.fromEntries(factors.filter(([name]) => asked.has(name))),
  });
  const grams = new Map(groups.map(group => [group.name, readFloats(out[`gram.${group.name}`]!).slice()]));
  if (adapter)
    for (const { layers } of groups)
      for (const { path } of layers) {
        const { A } = adapter.modules.get(path)!;
        const gram = grams.get(groups.find(group => group.layers.some(l => l.path === path))!.name)!;
        const expected = new Float32Array(A.rows * A.cols);
        for (let r = 0; r < A.rows; r++)
          for (let i = 0; i < A.cols; i++)
            for (let j = 0; j < A.cols; j++)
              expected[r * A.cols + j]! += A.data[r * A.cols + i]! * gram[i * A.cols + j]!;
        const largest = Math.max(...expected.map(Math.abs));
        assertClose(readFloats(out[`cross.${path}`]!), expected, 1e-4 * largest, `A XᵀX of ${path}`);
      }
  await session.dispose();
  return grams;
}

test('Gram matrices are those of the reference implementation’s hidden states, without padding', async () => {
  const base = await goldenBase('llama_tied');
  const gold = goldenJson('models/llama_tied/golden.json');
  const tensor = goldenTensors('models/llama_tied/golden.safetensors');
  const weights = goldenTensors('models/llama_tied/model.safetensors');
  const mask: number[][] = gold.attention_mask;
  const rows = gold.input_ids.map((ids: number[], row: number) => ids.filter((_, t) => mask[row]![t] === 1));
  const grams = await gramsOf(base, rows);
  const dim = base.config.dim;
  for (const layer of [0, 1]) {
    const hidden = tensor(`hidden.${layer}`);
    const norm = weights(`model.layers.${layer}.input_layernorm.weight`);
    const expected = new Float64Array(dim * dim);
    mask.flat().forEach((isToken, at) => {
      if (!isToken) return;
      const x = hidden.subarray(at * dim, (at + 1) * dim);
      const rms = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / dim + base.config.epsilon);
      const h = x.map((v, i) => (v / rms) * norm[i]!);
      for (let i = 0; i < dim; i++) for (let j = 0; j < dim; j++) expected[i * dim + j]! += h[i]! * h[j]!;
    });
    const largest = Math.max(...expected.map(Math.abs));
    assertClose(grams.get(`layers.${layer}.qkv`)!, expected, 1e-5 * largest, `block ${layer}`);
  }
});

test('Gram matrices with an adapter are those of a copy of the base with it merged in', async () => {
  const base = await goldenBase('qwen2_tied');
  const adapter = await readAdapter(adapterFolder(sizesOf(base), { size: 0.2 }));
  const rows = texts(3, 1).map(({ ids }) => [...ids]);
  const folder = join(temporaryFolder(), 'merged');
  await writeMergedBase(base, [{ adapter, weight: 1 }], folder);
  const [found, expected] = [await gramsOf(base, rows, adapter), await gramsOf(await loadBase(folder), rows)];
  const plain = await gramsOf(base, rows);
  for (const [group, gram] of expected) {
    const largest = Math.max(...gram.map(Math.abs));
    assertClose(found.get(group)!, gram, 1e-4 * largest, group);
    if (group !== 'layers.0.qkv') assert.ok(gram.some((x, i) => Math.abs(x - plain.get(group)![i]!) > 0.01 * largest));
  }
});

test('one expert comes out as it went in; of two, outputs are nearer than their mean’s, to the same bits; it can be cancelled', async () => {
  const base = await goldenBase('llama_tied');
  const [first, second] = await Promise.all(
    [1, 2].map(seed => readAdapter(adapterFolder(sizesOf(base), { seed, rank: 2 + seed }), `e${seed}`)),
  );
  const part = (adapter: Adapter, seed: number): FittedPart => ({ adapter, weight: 1, examples: texts(40, seed) });
  const fitted = (parts: FittedPart[], watch = {}) => fitRegmean({ base, parts, shrinkage: 0, threads: 1, watch });
  const alone = await fitted([part(first!, 1)]);
  assert.ok(alone.fit.outputError! < 1e-3, String(alone.fit.outputError));
  for (const [path, { A }] of first!.modules) {
    const size = Math.hypot(...A.data);
    const gap = Math.hypot(...A.data.map((x, i) => alone.adapter.modules.get(path)!.A.data[i]! - 2 * x));
    assert.ok(gap < 0.01 * size, `${path}: ${gap / size}`);
  }
  const parts = [part(first!, 1), part(second!, 2)];
  const told: number[] = [];
  const { adapter, fit } = await fitted(parts, { progress: (done: number) => told.push(done) });
  assert.equal(adapter.config.rank, 7);
  assert.equal(fit.texts, 80);
  assert.ok(fit.outputError! < 0.9 * fit.meanOutputError!, JSON.stringify(fit));
  assert.equal(told.at(-1), 80);
  const again = await fitted(parts);
  for (const [path, { A }] of adapter.modules) assertSameBits(again.adapter.modules.get(path)!.A.data, A.data, path);
  const stop = new AbortController();
  await assert.rejects(
    fitted(parts, { signal: stop.signal, progress: () => stop.abort(new Error('enough')) }),
    /enough/,
  );
});
