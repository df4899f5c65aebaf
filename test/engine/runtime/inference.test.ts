import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrangeRows, createKvCache } from '../../../src/engine/runtime/kvCache.ts';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { createSession, int32s, int64s, readFloats } from '../../../src/engine/runtime/session.ts';
import { type Base, loadBase } from '../../../src/experiment/base.ts';
import { Graph, type Value } from '../../../src/nn/graph/graph.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import { externalWeights, lowerProducts } from '../../../src/nn/model/baseWeights.ts';
import { buildInferenceGraph } from '../../../src/nn/model/inferenceGraph.ts';
import { firstPosition } from '../../../src/nn/model/rope.ts';
import {
  defineBatchSizes,
  type Norm,
  normed,
  outputProjection,
  rowAttention,
  transformer,
} from '../../../src/nn/model/transformer.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath, goldenTensors } from '../../support/goldenFiles.ts';

/** Of logits (see the golden files' own measurements: float32 against float64 is at most 1.3e-5). */
const tolerance = 1e-4;

const argmax = (logits: Float32Array) => logits.reduce((best, x, i) => (x > logits[best]! ? i : best), 0);

/** Logits of every token by the graph that trains: whole rows, attention made of plain operators. */
async function trainingLogits(base: Base, ids: number[]): Promise<Float32Array> {
  const g = new Graph();
  const input = g.input('ids', 'int64', ['B', 'T']);
  const positions = g.input('positions', 'int64', ['B', 'T']);
  defineBatchSizes(g, input);
  const weight = externalWeights(g, base.tensors);
  const layerParts = {
    weight,
    linears: (x: Value, paths: string[]) =>
      paths.map(path => {
        const bias = base.tensors.has(`${path}.bias`) ? weight(`${path}.bias`) : undefined;
        return op.gemm(g, x, weight(`${path}.weight`), { transB: true }, bias);
      }),
    addNorm: (x: Value, y: Value, norm?: Norm): [Value, Value] => {
      const sum = op.add(g, x, y);
      return [sum, norm ? normed(g, base.config, sum, norm) : sum];
    },
  };
  const parts = { ...layerParts, attention: rowAttention(g, base.config, layerParts, positions) };
  const hidden = transformer(g, base.config, parts, input);
  g.output('logits', outputProjection(g, base.config, hidden));
  lowerProducts(g, weight);
  const session = await createSession(g, { folder: base.folder, threads: 1 });
  const shape = [1, ids.length];
  const first = firstPosition(base.config, ids.length);
  const at = ids.map((_, t) => first + t);
  const out = await session.run({ ids: int64s(ids, shape), positions: int64s(at, shape) });
  await session.dispose();
  return readFloats(out.logits!);
}

async function checkGreedy(base: Base, prompt: number[], expected: number[]): Promise<void> {
  const model = await openModel(base, 1);
  const cache = createKvCache(base.config, 1, prompt.length + expected.length);
  const found: number[] = [];
  let logits = await model.run([prompt], [0], [{}], cache);
  for (let past = prompt.length; ; past++) {
    found.push(argmax(logits));
    if (found.length === expected.length) break;
    logits = await model.run([[found.at(-1)!]], [past], [{}], cache);
  }
  assert.deepEqual(found, expected);
  await model.dispose();
}

for (const name of [
  'llama_tied',
  'llama_untied_llama3rope',
  'llama_linear_rope',
  'smollm_like',
  'qwen2_tied',
  'qwen3_tied_headdim',
  'mistral_window8',
  'qwen2_window_layers',
  'llama_yarn',
  'qwen2_yarn',
  'qwen3_yarn',
  'llama_dynamic',
  'gemma2_tied',
  'gemma3_tied',
  'smollm3_tied',
  'phi3_longrope_partial',
  'olmo2_untied',
  'granite_untied',
  'granitemoehybrid_dense',
  'gemma3_pattern',
  'smollm3_window',
  'cohere2_tied',
  'starcoder2_tied',
  'gptneox_untied',
]) {
  const gold = goldenJson(`models/${name}/golden.json`);
  const tensor = goldenTensors(`models/${name}/golden.safetensors`);
  const rows: number[][] = gold.input_ids.map((row: number[], i: number) =>
    row.filter((_, t) => gold.attention_mask[i][t] === 1),
  );

  test(`${name}: logits of rows alone, in one ragged batch and of a long row are the reference's to 1e-4`, async () => {
    const base = await goldenBase(name);
    const model = await openModel(base, 1);
    const expected = rows.map((_, i) => tensor(`logits.seq${i}`));
    for (const [i, row] of rows.entries())
      assertClose(await allLogits(model, row, {}), expected[i]!, tolerance, `row ${i} alone`);

    const both = await model.run(rows, [0, 0], [{}, {}], createKvCache(base.config, 2, 24), { from: 0 });
    assertClose(both, [...expected[0]!, ...expected[1]!], tolerance, 'both rows');

    const last = await model.run(rows, [0, 0], [{}, {}], createKvCache(base.config, 2, 19));
    const vocab = base.config.vocab;
    assertClose(last, [...expected[0]!.slice(-vocab), ...expected[1]!.slice(-vocab)], tolerance, 'last tokens');

    // Of dynamic scaling the original length alone is offered.
    assert.equal(gold.long_input_ids.length > base.config.maxLength, name === 'llama_dynamic');
    if (name !== 'llama_dynamic') {
      const long = await allLogits(model, gold.long_input_ids, {});
      const last4 = tensor('logits.long_last4');
      assertClose(long.subarray(long.length - last4.length), last4, tolerance, 'last 4 of 96');
    }
    await model.dispose();
  });

  test(`${name}: the graph that trains gives the same logits to 1e-4`, async () => {
    const base = await goldenBase(name);
    assertClose(await trainingLogits(base, rows[0]!), tensor('logits.seq0'), tolerance);
    if (gold.long_input_ids.length > base.config.maxLength) return;
    const last4 = tensor('logits.long_last4');
    const long = await trainingLogits(base, gold.long_input_ids);
    assertClose(long.subarray(long.length - last4.length), last4, tolerance, 'last 4 of 96');
  });

  test(`${name}: 24 greedy tokens through the cache are the reference's`, async () => {
    await checkGreedy(await goldenBase(name), gold.greedy.prompt, gold.greedy.new_tokens);
  });
}

test('a head size that is no multiple of 8: prompt and cached tokens give the logits of the graph that trains', async () => {
  // The same weights, read as 16 heads of 4 over 8 key/value heads.
  const base = await goldenBase('llama_tied', { num_attention_heads: 16, num_key_value_heads: 8, head_dim: 4 });
  const model = await openModel(base, 1);
  const ids = [1, 26, 79, 7, 107, 109, 92];
  const expected = await trainingLogits(base, ids);
  assertClose(await allLogits(model, ids, {}), expected, tolerance);
  const cache = createKvCache(base.config, 1, ids.length);
  await model.run([ids.slice(0, -1)], [0], [{}], cache);
  const last = await model.run([ids.slice(-1)], [ids.length - 1], [{}], cache);
  assertClose(last, expected.subarray(expected.length - base.config.vocab), tolerance, 'through the cache');
  await model.dispose();
});

test('stories260K: 256 greedy tokens from BOS and the first logits are those of llama2.c and transformers', async () => {
  const base = await loadBase(goldenPath('stories260K'));
  const gold = goldenJson('stories260K/golden.json');
  const tensor = goldenTensors('stories260K/golden.safetensors');
  const model = await openModel(base, 1);
  const logits = await allLogits(model, gold.input_ids_for_logits, {});
  assertClose(logits, tensor('logits.first16'), tolerance, 'transformers');
  assertClose(logits, tensor('logits.first16.llama2c_run'), tolerance, 'llama2.c');
  await model.dispose();
  await checkGreedy(base, gold.greedy_from_bos.start, gold.greedy_from_bos.new_tokens);
  await checkGreedy(base, gold.greedy_from_bos.start, gold.greedy_256_new_tokens);
  assert.equal(base.text().tokenizer.decode(gold.greedy_from_bos.new_tokens), gold.greedy_from_bos.text);
});

test('rows of different length decode together as they decode alone, also after rows have left and with more room', async () => {
  const base = await goldenBase('qwen2_tied');
  const model = await openModel(base, 1);
  const prompts = [[1, 40, 9], [1, 5, 77, 30, 12, 61, 8], [90]];
  const next = [
    [11, 12, 13],
    [21, 22, 23],
    [31, 32, 33],
  ];
  const vocab = base.config.vocab;
  const alone = await Promise.all(prompts.map((p, i) => allLogits(model, [...p, ...next[i]!], {})));
  const at = (row: number, t: number) => {
    const place = prompts[row]!.length + t;
    return alone[row]!.subarray(place * vocab, (place + 1) * vocab);
  };
  let cache = createKvCache(base.config, 3, 9);
  await model.run(prompts, [0, 0, 0], [{}, {}, {}], cache);
  for (const [t, rows] of [[0, 1, 2], [0, 1, 2], [1]].entries()) {
    const before = cache;
    if (t === 2)
      cache = await arrangeRows(
        rows.map(row => ({ cache: before, row })),
        12,
      );
    const past = rows.map(r => prompts[r]!.length + t);
    const logits = await model.run(
      rows.map(r => [next[r]![t]!]),
      past,
      rows.map(() => ({})),
      cache,
    );
    for (const [i, r] of rows.entries())
      assertClose(logits.subarray(i * vocab, (i + 1) * vocab), at(r, t), tolerance, `row ${r}, token ${t}`);
  }
  await model.dispose();
});

test('the base alone: a graph without adapters gives the same bits as one with an empty bank', async () => {
  const base = await goldenBase('smollm_like');
  const ids = [1, 7, 30, 41, 5];
  const cache = createKvCache(base.config, 1, ids.length);
  const plain = await createSession(
    buildInferenceGraph(base.config, base.tensors, { adapted: false, wholeCaches: true }),
    {
      folder: base.folder,
      threads: 1,
    },
  );
  const all = [...ids.keys()];
  const out = await plain.run(
    {
      ids: int64s(ids, [1, 5]),
      positions: int64s(all, [1, 5]),
      logitRows: int64s(all, [5]),
      lastPositions: int32s(Int32Array.of(4), [1]),
      totalLength: int32s(Int32Array.of(5), []),
      ...cache.feeds,
    },
    cache.fetches,
  );
  const model = await openModel(base, 1);
  assertSameBits(await allLogits(model, ids, {}), readFloats(out.logits!));
  await plain.dispose();
  await model.dispose();
});
