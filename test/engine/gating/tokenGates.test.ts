import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Weights } from '../../../src/engine/runtime/adapterBank.ts';
import { createKvCache } from '../../../src/engine/runtime/kvCache.ts';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { arrowGates } from '../../../src/nn/gates/arrow.ts';
import type { LoraFactors } from '../../../src/nn/lora/adapter.ts';
import { linearGroups } from '../../../src/nn/model/layout.ts';
import type { ArrowGates, LinearGates } from '../../../src/nn/model/tokenGates.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath, goldenTensors } from '../../support/goldenFiles.ts';

const gold = goldenJson('gates/arrow/golden.json');
const arrow = goldenTensors('gates/arrow/golden.safetensors');
const linear = goldenTensors('gates/linear/golden.safetensors');
const texts: number[][] = gold.batch.input_ids;
const experts = ['a', 'b', 'c'];

async function open() {
  const base = await goldenBase('llama_tied');
  const folders = ['llama_all', 'llama_domain_b', 'llama_domain_c'];
  const adapters = await Promise.all(
    folders.map((name, i) => readAdapter(goldenPath(`train/${name}/adapter`), experts[i])),
  );
  const model = await openModel(base, 1);
  for (const adapter of adapters) await model.load(adapter);
  return { base, model, adapters };
}

/** Gates with the golden's prototypes, which PEFT finds by a few power iterations and not exactly. */
function goldenArrow({ topK, temperature }: Pick<ArrowGates, 'topK' | 'temperature'>, paths: string[]): ArrowGates {
  const prototypes = new Map(paths.map(path => [path, arrow(`top2.prototypes.${path}`)]));
  return { kind: 'arrow', experts, topK, temperature, prototypes };
}

/** The gates of torch's golden. */
function goldenLinear(names: string[]): LinearGates {
  const halves = new Map(
    names.map(name => [name, { weight: linear(`${name}.weight`), bias: linear(`${name}.bias`) }] as const),
  );
  return { kind: 'linear', experts, halves };
}

test('Arrow gives the logits of PEFT for every number of experts and temperature', async () => {
  const { base, model, adapters } = await open();
  const paths = [...adapters[0]!.modules.keys()];
  for (const [name, topK, temperature] of [
    ['top1', 1, 1],
    ['top2', 2, 1],
    ['top3_t05', 3, 0.5],
  ] as const) {
    await model.gateTokens(goldenArrow({ topK, temperature }, paths));
    const size = texts[0]!.length * base.config.vocab;
    const expected = arrow(`${name}.logits`);
    for (const [row, ids] of texts.entries())
      assertClose(await allLogits(model, ids, { auto: 1 }), expected.subarray(row * size, (row + 1) * size), 1e-4);
  }
  await model.dispose();
});

test('Arrow’s prototypes are the inputs that a layer stretches most', async () => {
  const { model, adapters } = await open();
  const { prototypes } = arrowGates(adapters, { topK: 2, temperature: 1 });
  const stretch = ({ A, B }: LoraFactors, x: ArrayLike<number>) => {
    const inner = Array.from({ length: A.rows }, (_, r) =>
      Array.from(x).reduce((sum, v, i) => sum + v * A.data[r * A.cols + i]!, 0),
    );
    const out = Array.from({ length: B.rows }, (_, o) =>
      inner.reduce((sum, v, r) => sum + v * B.data[o * B.cols + r]!, 0),
    );
    return Math.hypot(...out);
  };
  for (const [path, rows] of prototypes)
    for (const [e, { modules }] of adapters.entries()) {
      const factors = modules.get(path)!;
      const width = factors.A.cols;
      const own = rows.subarray(e * width, (e + 1) * width);
      assert.ok(Math.abs(Math.hypot(...own) - 1) < 1e-6);
      const peft = arrow(`top2.prototypes.${path}`).subarray(e * width, (e + 1) * width);
      assert.ok(stretch(factors, own) >= stretch(factors, peft) * (1 - 1e-6), path);
    }
  await model.dispose();
});

test('linear gates give the logits and shares that torch gives, token by token as at once', async () => {
  const { base, model } = await open();
  const halves = linearGroups(base.config).filter(({ role }) => role === 'qkv' || role === 'mlp');
  await model.gateTokens(goldenLinear(halves.map(({ name }) => name)));
  const [length, vocab] = [texts[0]!.length, base.config.vocab];
  const weights = texts.map((): Weights => ({ auto: 1 }));
  const none = texts.map(() => 0);
  let shares: Float32Array | undefined;
  const onShares = (told: Float32Array) => {
    shares = told;
  };
  const at = { from: 0, onShares };
  const all = await model.run(texts, none, weights, createKvCache(base.config, texts.length, length), at);
  assertClose(all, linear('logits'), 1e-4);
  assertClose(shares!, linear('shares'), 1e-5);

  const cache = createKvCache(base.config, 1, length);
  const first = 5;
  let last = await model.run([texts[1]!.slice(0, first)], [0], [{ auto: 1 }], cache);
  for (let past = first; past < length; past++)
    last = await model.run([[texts[1]![past]!]], [past], [{ auto: 1 }], cache);
  assertClose(last, all.subarray((2 * length - 1) * vocab, 2 * length * vocab), 1e-4);
  await model.dispose();
});

test('rows with weights of their own keep their numbers beside rows whose tokens are routed', async () => {
  const { base, model } = await open();
  const plain = await openModel(base, 1);
  const halves = linearGroups(base.config).filter(({ role }) => role === 'qkv' || role === 'mlp');
  const [ids] = texts;
  const before = await allLogits(model, ids!, { a: 0.5, c: -0.2 });
  await model.gateTokens(goldenLinear(halves.map(({ name }) => name)));
  assertClose(await allLogits(model, ids!, { a: 0.5, c: -0.2 }), before, 1e-5);
  assertSameBits(await allLogits(model, ids!, {}), await allLogits(plain, ids!, {}), 'the base');
  const rows: Weights[] = [{ auto: 1 }, { a: 0.5, c: -0.2 }, {}, { auto: 0.5, b: 0.5 }];
  const cache = createKvCache(base.config, rows.length, ids!.length);
  const mixed = await model.run(
    rows.map(() => ids!),
    rows.map(() => 0),
    rows,
    cache,
    { from: 0 },
  );
  for (const [i, weights] of rows.entries()) {
    const size = mixed.length / rows.length;
    assertClose(mixed.subarray(i * size, (i + 1) * size), await allLogits(model, ids!, weights), 1e-4);
  }
  model.bank.unload('b');
  await assert.rejects(allLogits(model, ids!, { auto: 1 }), /no expert 'auto' is loaded/);
  await Promise.all([model.dispose(), plain.dispose()]);
});
