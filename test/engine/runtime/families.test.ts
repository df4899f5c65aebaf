import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Weights } from '../../../src/engine/runtime/adapterBank.ts';
import { createKvCache, type KvCache } from '../../../src/engine/runtime/kvCache.ts';
import { allLogits, type Model } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { quantizeBase } from '../../../src/engine/runtime/quantizedBase.ts';
import { openTrainSessions } from '../../../src/engine/training/trainBackend.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import type { Adapter } from '../../../src/nn/lora/adapter.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import { assembleBatch, type EncodedExample } from '../../../src/nn/train/assembleBatch.ts';
import { assertClose } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath, goldenTensors } from '../../support/goldenFiles.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** Of logits, as the golden files have it after ten steps. */
const tolerance = 2e-4;

/** A model of golden/models with the adapter of golden/train that was trained on it. */
const families = [
  ['mistral_window8', 'mistral_window8_all'],
  ['gemma2_tied', 'gemma2_all'],
  ['gemma3_tied', 'gemma3_all'],
  ['smollm3_tied', 'smollm3_all'],
  ['phi3_longrope_partial', 'phi3_longrope_partial_all'],
  ['granite_untied', 'granite_all'],
  ['granitemoehybrid_dense', 'granitemoehybrid_all'],
  ['olmo2_untied', 'olmo2_all'],
  ['cohere2_tied', 'cohere2_all'],
  ['starcoder2_tied', 'starcoder2_all'],
  ['gptneox_untied', 'gptneox_all'],
] as const;

const argmax = (logits: Float32Array) => logits.reduce((best, x, i) => (x > logits[best]! ? i : best), 0);

/** Factors of another expert on the same layers: those of `adapter`, turned about, in another scaling. */
function otherExpert(adapter: Adapter): Adapter {
  const modules = [...adapter.modules].map(([path, { A, B, scaling }]) => {
    const turned = { A: { ...A, data: A.data.map(x => -2 * x) }, B: { ...B, data: B.data.map(x => 3 * x) }, scaling };
    return [path, turned] as const;
  });
  return { ...adapter, name: 'other', modules: new Map(modules) };
}

/** The logits of the last token, when each token but the first ones goes through the cache alone. */
async function decoded(model: Model, ids: number[], first: number, weights: Record<string, number>) {
  const cache = createKvCache(model.base.config, 1, ids.length);
  let logits = await model.run([ids.slice(0, first)], [0], [weights], cache);
  for (let past = first; past < ids.length; past++) logits = await model.run([[ids[past]!]], [past], [weights], cache);
  return logits;
}

for (const [name, training] of families) {
  const gold = goldenJson(`train/${training}/golden.json`);
  const batch = gold.batches[0];
  const rows: number[][] = batch.input_ids.map((row: number[], i: number) =>
    row.filter((_, t) => batch.attention_mask[i][t] === 1),
  );

  test(`${name}: a trained expert's logits are PEFT's, beside the base and another expert in a batch, and token by token`, async () => {
    const base = await goldenBase(name);
    const model = await openModel(base, 1);
    const adapter = await readAdapter(goldenPath(`train/${training}/adapter`), 'e', () => {});
    model.bank.load(adapter);
    model.bank.load(otherExpert(adapter));
    const { vocab } = base.config;
    const width = batch.input_ids[0].length * vocab;
    const all = goldenTensors(`train/${training}/golden.safetensors`)('logits.after_training.batch0');
    const expected = rows.map((row, i) => all.subarray(i * width, i * width + row.length * vocab));
    for (const [i, row] of rows.entries())
      assertClose(await allLogits(model, row, { e: 1 }), expected[i]!, tolerance, `row ${i}`);

    const alone = [await allLogits(model, rows[1]!, {}), await allLogits(model, rows[2]!, { e: 0.5, other: -0.7 })];
    const mixed: Weights[] = [{ e: 1 }, {}, { e: 0.5, other: -0.7 }];
    const together = await model.run(rows, [0, 0, 0], mixed, createKvCache(base.config, 3, 14), { from: 0 });
    assertClose(
      together,
      [...expected[0]!, ...alone[0]!, ...alone[1]!],
      tolerance,
      'three rows with weights of their own',
    );

    const last = await decoded(model, rows[0]!, 2, { e: 1 });
    assertClose(last, expected[0]!.subarray(expected[0]!.length - vocab), tolerance, 'through the cache');
    await model.dispose();
  });

  test(`${name}: the 8-bit copy gives nearly the same logits, in answers and in the graph that trains`, async () => {
    const plain = await goldenBase(name);
    const base = await quantizeBase(plain, { quantization: 'int8', cacheFolder: temporaryFolder() });
    const [exact, model] = [await openModel(plain, 1), await openModel(base, 1)];
    const expected = await allLogits(exact, rows[0]!, {});
    const found = await allLogits(model, rows[0]!, {});
    const gap = Math.hypot(...expected.map((x, i) => x - found[i]!)) / Math.hypot(...expected);
    assert.ok(gap > 0 && gap < 0.05, `relative gap ${gap}`);
    const losses = await Promise.all([plain, base].map(b => trainedLoss(b, rows)));
    assert.ok(Math.abs(losses[1]! / losses[0]! - 1) < 0.02, `losses ${losses}`);
    await exact.dispose();
    await model.dispose();
  });
}

/** The loss of an expert that does nothing yet, over all tokens of the rows. */
async function trainedLoss(base: Awaited<ReturnType<typeof goldenBase>>, rows: number[][]): Promise<number> {
  const targets = linearLayers(base.config).map(l => l.path);
  const sessions = await openTrainSessions({
    base,
    experts: [{ name: 'e', rank: 2, targets, seed: 1, dropout: 0 }],
    accumulates: false,
    threads: 1,
  });
  const examples = rows.map((ids): EncodedExample => ({ ids: Int32Array.from(ids), labels: Int32Array.from(ids) }));
  const [loss] = await sessions.evaluate(assembleBatch([{ expert: 0, scaling: 1, examples, share: 1 }], 1));
  await sessions.dispose();
  return loss!;
}

/** −log of the probability that a row of logits gives a token. */
function negativeLog(logits: Float32Array, token: number): number {
  const top = Math.max(...logits);
  return top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0)) - logits[token]!;
}

const longNames = ['phi3_longrope_partial', 'mistral_window8', 'gemma3_tied'];

for (const name of longNames) {
  const gold = goldenJson(`models/${name}/golden.json`);
  const long: number[] = gold.long_input_ids;
  const last4 = goldenTensors(`models/${name}/golden.safetensors`)('logits.long_last4');

  test(`${name}: 96 tokens, the last 70 one by one, end with the reference's logits, whoever shares the batch`, async () => {
    const base = await goldenBase(name);
    const model = await openModel(base, 1);
    const { vocab } = base.config;
    const expected = last4.subarray(last4.length - vocab);
    assertClose(await decoded(model, long, 26, {}), expected, 1e-4, 'alone');

    // Beside a row that ends below, one that passes the original length of longrope and one that begins above it.
    const starts = [4, 26, 40];
    const cache: KvCache = createKvCache(base.config, 3, 96);
    const texts = [long.slice(0, 20), long, long.slice(3)];
    const prompts = texts.map((text, i) => text.slice(0, starts[i]));
    await model.run(prompts, [0, 0, 0], [{}, {}, {}], cache);
    const past = [...starts];
    let logits: Float32Array = new Float32Array();
    for (let step = 0; step < 70; step++) {
      const tokens = texts.map((text, i) => [text[Math.min(past[i]!, text.length - 1)]!]);
      // A row that has ended takes part in its last place.
      const places = past.map((p, i) => Math.min(p, texts[i]!.length - 1));
      logits = await model.run(tokens, places, [{}, {}, {}], cache);
      for (const i of past.keys()) past[i]!++;
    }
    assertClose(logits.subarray(vocab, 2 * vocab), expected, 1e-4, 'in a batch');
    const shorter = await allLogits(model, texts[0]!, {});
    assertClose(logits.subarray(0, vocab), shorter.subarray(shorter.length - vocab), 1e-4, 'the short row');
    await model.dispose();
  });

  test(`${name}: rows of 20 and 40 tokens are trained with the loss that answers give each alone`, async () => {
    const base = await goldenBase(name);
    const model = await openModel(base, 1);
    const rows = [long.slice(0, 20), long.slice(10, 50)];
    const losses: number[] = [];
    for (const row of rows) {
      const logits = await allLogits(model, row, {});
      const { vocab } = base.config;
      for (let t = 1; t < row.length; t++)
        losses.push(negativeLog(logits.subarray((t - 1) * vocab, t * vocab), row[t]!));
    }
    const mean = losses.reduce((a, b) => a + b) / losses.length;
    assertClose([await trainedLoss(base, rows)], [mean], 2e-5);
    await model.dispose();
  });
}

test('phi3_longrope_partial: greedy tokens across the original length are those of a text that is computed anew', async () => {
  const gold = goldenJson('models/phi3_longrope_partial/golden.json');
  const base = await goldenBase('phi3_longrope_partial');
  const model = await openModel(base, 1);
  const { prompt_is_first_of_long_input_ids: count, new_tokens_recomputed_each_step: expected } = gold.greedy_crossing;
  const prompt: number[] = gold.long_input_ids.slice(0, count);
  const cache = createKvCache(base.config, 1, count + expected.length);
  const found: number[] = [];
  let logits = await model.run([prompt], [0], [{}], cache);
  for (let past = count; ; past++) {
    found.push(argmax(logits));
    if (found.length === expected.length) break;
    logits = await model.run([[found.at(-1)!]], [past], [{}], cache);
  }
  assert.deepEqual(found, expected);
  await model.dispose();
});
