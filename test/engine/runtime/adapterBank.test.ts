import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAdapterBank, type Weights } from '../../../src/engine/runtime/adapterBank.ts';
import { createKvCache } from '../../../src/engine/runtime/kvCache.ts';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { type Feeds, readFloats } from '../../../src/engine/runtime/session.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { type Base, loadBase } from '../../../src/experiment/base.ts';
import { writeMergedBase } from '../../../src/experiment/mergedBase.ts';
import { encodeSafetensors } from '../../../src/nn/files/safetensors.ts';
import type { Adapter, LoraFactors } from '../../../src/nn/lora/adapter.ts';
import { mergeDelta } from '../../../src/nn/merge/mergeIntoBase.ts';
import { type LinearLayer, linearGroups, linearLayers } from '../../../src/nn/model/layout.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath, goldenTensors } from '../../support/goldenFiles.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const modelName = 'qwen2_tied';
const ids = [1, 17, 60, 4, 33, 99, 8];

/** An adapter with random factors on the layers whose names match. */
function randomAdapter(layers: LinearLayer[], name: string, rank: number, targets: RegExp, scaling = 0.5): Adapter {
  const random = new Random(name.length * 31 + rank);
  const matrix = (rows: number, cols: number) => ({
    rows,
    cols,
    data: Float32Array.from({ length: rows * cols }, () => (0.5 * random.normal()) / Math.sqrt(cols)),
  });
  const modules = new Map<string, LoraFactors>();
  for (const l of layers)
    if (targets.test(l.path)) modules.set(l.path, { A: matrix(rank, l.in), B: matrix(l.out, rank), scaling });
  return { name, config: { rank, alpha: rank * scaling, rslora: false }, modules };
}

/** Random magnitudes around the norms of the rows, so that every row is scaled by its own factor. */
function withMagnitudes(adapter: Adapter): Adapter {
  const random = new Random(5);
  const weight = goldenTensors(`models/${modelName}/model.safetensors`);
  const modules = new Map<string, LoraFactors>();
  for (const [path, factors] of adapter.modules) {
    const [W, inputs] = [weight(`${path}.weight`), factors.A.cols];
    const magnitude = Float32Array.from(
      { length: factors.B.rows },
      (_, o) => Math.hypot(...W.subarray(o * inputs, (o + 1) * inputs)) * (0.8 + 0.4 * random.uniform()),
    );
    modules.set(path, { ...factors, magnitude });
  }
  return { ...adapter, config: { ...adapter.config, dora: true }, modules };
}

async function openBank() {
  const base = await goldenBase(modelName);
  const model = await openModel(base, 1);
  const layers = linearLayers(base.config);
  const groups = linearGroups(base.config);
  const adapters = {
    math: randomAdapter(layers, 'math', 4, /./),
    code: randomAdapter(layers, 'code', 7, /[qv]_proj/, 1.5),
    qa: randomAdapter(layers, 'qa', 2, /layers\.1\.mlp/, 2),
  };
  for (const a of Object.values(adapters)) model.bank.load(a);
  return { base, model, groups, layers, adapters };
}

/** The base with Σ wᵢsᵢBᵢAᵢ added to its weights, written and loaded as a base of its own. */
async function mergedBase(base: Base, parts: { adapter: Adapter; weight: number }[]): Promise<Base> {
  const copy = await goldenBase(modelName);
  const read = goldenTensors(`models/${modelName}/model.safetensors`);
  const tensors = [...base.tensors].map(([name, { dtype, shape }]) => {
    const path = name.replace(/\.weight$/, '');
    const factors = parts.flatMap(({ adapter, weight }) => {
      const module = adapter.modules.get(path);
      return module ? [{ ...module, weight }] : [];
    });
    return { name, dtype, shape, data: factors.length > 0 ? mergeDelta(read(name), factors) : read(name) };
  });
  await writeFile(join(copy.folder, 'model.safetensors'), Buffer.concat(encodeSafetensors(tensors)));
  return loadBase(copy.folder);
}

test('gates at zero, no weights, and nothing loaded: the bits of the base', async () => {
  const { base, model } = await openBank();
  const alone = await openModel(base, 1);
  const expected = await allLogits(alone, ids, {});
  assertSameBits(await allLogits(model, ids, {}), expected, 'no expert named');
  assertSameBits(await allLogits(model, ids, { math: 0, qa: 0 }), expected, 'zero gates');
  await alone.dispose();
  await model.dispose();
});

test('a base row beside an expert’s row keeps the bits of the base', async () => {
  const { model, base } = await openBank();
  const run = (second: Record<string, number>) =>
    model.run([ids, ids], [0, 0], [{}, second], createKvCache(base.config, 2, ids.length), { from: 0 });
  const size = ids.length * base.config.vocab;
  assertSameBits((await run({ math: 1 })).subarray(0, size), (await run({})).subarray(0, size));
  await model.dispose();
});

for (const weights of [{ math: 1 }, { code: 0.5, math: 0.4, qa: 0.1 }, { math: 0.7, qa: -0.3 }] as Weights[])
  test(`${JSON.stringify(weights)} equals Σ w·s·B·A merged into the weights, to 1e-4`, async () => {
    const { base, model, adapters } = await openBank();
    const parts = Object.entries(weights).map(([name, weight]) => ({ adapter: adapters[name as 'math'], weight }));
    const merged = await openModel(await mergedBase(base, parts), 1);
    const expected = await allLogits(merged, ids, {});
    const found = await allLogits(model, ids, weights);
    assertClose(found, expected, 1e-4);
    const plain = await allLogits(model, ids, {});
    assert.ok(Math.max(...plain.map((x, i) => Math.abs(x - expected[i]!))) > 0.1, 'the adapters say something');
    await merged.dispose();
    await model.dispose();
  });

test('a batch of an expert, a blend, the base and a pair that are not neighbours equals the rows alone, to 1e-4', async () => {
  const { base, model } = await openBank();
  const rows = [ids, [5, 6, 7], [90, 1], ids.slice(2)];
  const weights: Weights[] = [{ code: 1 }, { math: 0.5, code: 0.4, qa: 0.1 }, {}, { math: 1, qa: 1 }];
  const both = await model.run(rows, [0, 0, 0, 0], weights, createKvCache(base.config, 4, 8), { from: 0 });
  let at = 0;
  for (const [i, row] of rows.entries()) {
    const alone = await allLogits(model, row, weights[i]!);
    assertClose(both.subarray(at, at + alone.length), alone, 1e-4, `row ${i}`);
    at += alone.length;
  }
  assert.equal(at, both.length);
  await model.dispose();
});

test('experts that are not neighbours are packed: the ranks of the active alone are run', async () => {
  const { groups, layers, adapters } = await openBank();
  const bank = createAdapterBank(groups);
  for (const a of Object.values(adapters)) bank.load(a);
  const path = layers.at(-1)!.path;
  const { name } = groups.at(-1)!;
  // Of a set that is used for the first time, nothing is copied yet.
  assert.deepEqual(bank.feeds([{ math: 1, qa: 0.25 }])['gate.1']!.dims, [1, 1, 13]);
  assert.deepEqual(bank.feeds([{ math: 1, qa: 0.25 }])['gate.1']!.dims, [1, 1, 6]);
  assert.deepEqual([...readFloats(bank.feeds([{ math: 1, qa: 0.25 }])['gate.1']!)], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  assert.deepEqual(bank.feeds([{ qa: 1 }])[`${name}.lora_A`]!.dims, [1, 2, 172]);
  const feeds = bank.feeds([{ math: 1, qa: 1 }]);
  const [math, qa] = [adapters.math.modules.get(path)!, adapters.qa.modules.get(path)!];
  assert.deepEqual([...readFloats(feeds[`${name}.lora_A`]!)], [...math.A.data, ...qa.A.data]);
  const none = bank.feeds([{}]);
  assert.deepEqual(none['gate.1']!.dims, [1, 1, 1]);
  for (const input of ['gate.1', 'gate.2', `${name}.lora_A`, `${name}.lora_B`])
    assert.ok(
      readFloats(none[input]!).every(x => x === 0),
      input,
    );
  assert.deepEqual([...readFloats(bank.feeds([{ qa: 1 }, {}])['gate.2']!)], [...Array(4).fill(2), ...Array(4).fill(0)]);
});

test('experts that are not neighbours: until they are packed, those between them take part with gates of zero', () => {
  const layer = (name: 'o_proj' | 'down_proj', number: number): LinearLayer => ({
    path: `model.layers.${number}.${name}`,
    name,
    layer: number,
    in: 1000,
    out: 1000,
    bias: false,
  });
  const own = [layer('o_proj', 0), layer('down_proj', 0), layer('o_proj', 1)];
  const bank = createAdapterBank(own.map(l => ({ name: l.path, role: 'o', layers: [l], in: l.in, out: l.out })));
  // 0.8 MB a layer for the two that are active, so that a run copies two layers.
  for (const name of ['a', 'bb', 'ccc']) bank.load(randomAdapter(own, name, 50, /./, 1));
  const run = () => bank.feeds([{ a: 2, ccc: 3 }]);
  const gates = (feeds: Feeds) => [...new Set(readFloats(feeds['gate.1']!))];
  const factors = (feeds: Feeds) => readFloats(feeds[`${own[2]!.path}.lora_A`]!);
  run();
  const first = run();
  assert.deepEqual(
    [first['gate.1']!.dims, gates(first)],
    [
      [1, 1, 150],
      [2, 0, 3],
    ],
  );
  const second = run();
  assert.deepEqual(
    [second['gate.1']!.dims, gates(second)],
    [
      [1, 1, 100],
      [2, 3],
    ],
  );
  const all = factors(first);
  assert.deepEqual(factors(second), Float32Array.from([...all.subarray(0, 5e4), ...all.subarray(1e5)]));
  assert.equal(factors(run()), factors(second));
});

test('rows with an expert each read its factors alone: views in the order of the bank, packed in another', async () => {
  const { groups, layers } = await openBank();
  const bank = createAdapterBank(groups);
  for (const name of ['a', 'bb', 'ccc']) bank.load(randomAdapter(layers, name, 3, /./, name.length));
  const name = `${groups[0]!.name}.lora_A`;
  const shared = bank.feeds([{ a: 1, bb: 1, ccc: 1 }])[name]!;
  const own = bank.feeds([{ a: 1 }, { bb: 0.5 }, { ccc: 1 }]);
  assert.deepEqual(
    [shared.dims, own[name]!.dims],
    [
      [1, 27, 64],
      [3, 9, 64],
    ],
  );
  assert.equal(readFloats(own[name]!).buffer, readFloats(shared).buffer);
  assert.deepEqual(own['gate.1']!.dims, [3, 1, 3]);
  assert.deepEqual([...readFloats(own['gate.1']!)], [1, 1, 1, 1, 1, 1, 3, 3, 3]);
  assert.equal(bank.feeds([{ ccc: 1 }, { a: 1 }])[name]!.dims[0], 1);
  const turned = bank.feeds([{ ccc: 1 }, { a: 1 }]);
  assert.deepEqual(turned[name]!.dims, [2, 9, 64]);
  const all = [...readFloats(shared)];
  assert.deepEqual([...readFloats(turned[name]!)], [...all.slice(2 * 9 * 64), ...all.slice(0, 9 * 64)]);
  // What does not give every row an expert of its own, all of one rank, is shared.
  for (const rows of [
    [{ a: 1 }, {}],
    [{ a: 1 }, { a: 1 }],
    [{ a: 1 }, { a: 0.5, bb: 0.5 }],
  ] as Weights[][])
    assert.equal(bank.feeds(rows)[name]!.dims[0], 1, JSON.stringify(rows));
  bank.load(randomAdapter(layers, 'dddd', 2, /./));
  assert.equal(bank.feeds([{ a: 1 }, { dddd: 1 }])[name]!.dims[0], 1);
});

test('rows with an expert each give what each gives alone, in any order, to 1e-4', async () => {
  const { base, model, layers } = await openBank();
  const names = ['x', 'yy', 'zzz'];
  for (const name of names) model.bank.load(randomAdapter(layers, name, 3, /./, 0.5 * name.length));
  for (const order of [names, ['zzz', 'x'], ['yy', 'zzz']]) {
    const weights = order.map((name, i): Weights => ({ [name]: 1 - i / 4 }));
    const rows = order.map((_, i) => ids.slice(i));
    const past = order.map(() => 0);
    const both = await model.run(rows, past, weights, createKvCache(base.config, rows.length, 8), { from: 0 });
    let at = 0;
    for (const [i, row] of rows.entries()) {
      const alone = await allLogits(model, row, weights[i]!);
      assertClose(both.subarray(at, at + alone.length), alone, 1e-4, `${order}, row ${i}`);
      at += alone.length;
    }
  }
  await model.dispose();
});

test('a switch copies no factor of neighbours, and repeats nothing it has done', async () => {
  const { groups, adapters } = await openBank();
  const bank = createAdapterBank(groups);
  for (const a of Object.values(adapters)) bank.load(a);
  const name = `${groups[0]!.name}.lora_A`;
  const [math, pair] = [
    readFloats(bank.feeds([{ math: 1 }])[name]!),
    readFloats(bank.feeds([{ code: 1, math: 1 }])[name]!),
  ];
  assert.equal(math.buffer, pair.buffer);
  assert.equal(bank.feeds([{ math: 0.3 }])[name], bank.feeds([{ math: 1 }])[name]);
});

test('modules of one adapter with other ranks and scalings keep their own', async () => {
  const { base, model, layers } = await openBank();
  const [wide, narrow] = [
    randomAdapter(layers, 'wide', 5, /q_proj/, 0.5),
    randomAdapter(layers, 'narrow', 2, /down_proj/, 3),
  ];
  const mixed: Adapter = { name: 'mixed', config: wide.config, modules: new Map([...wide.modules, ...narrow.modules]) };
  model.bank.load(mixed);
  const merged = await openModel(await mergedBase(base, [{ adapter: mixed, weight: 0.8 }]), 1);
  assertClose(await allLogits(model, ids, { mixed: 0.8 }), await allLogits(merged, ids, {}), 1e-4);
  await merged.dispose();
  await model.dispose();
});

test('loading again replaces, unloading leaves the others as they were', async () => {
  const { model, layers, adapters } = await openBank();
  const before = await allLogits(model, ids, { qa: 1 });
  const bytes = model.bank.bytes();
  model.bank.load({ ...randomAdapter(layers, 'code', 3, /o_proj/), name: 'code' });
  assert.deepEqual(model.bank.names(), ['math', 'code', 'qa']);
  assertSameBits(await allLogits(model, ids, { qa: 1 }), before, 'after replacing its neighbour');
  model.bank.unload('code');
  assert.deepEqual(model.bank.names(), ['math', 'qa']);
  assertSameBits(await allLogits(model, ids, { qa: 1 }), before, 'after unloading its neighbour');
  assert.ok(model.bank.bytes() < bytes);
  model.bank.load(adapters.code);
  assert.equal(model.bank.bytes(), bytes);
  await model.dispose();
});

test('a place that is free is taken by the next that fits, and answers are those of a bank that never held another', async () => {
  const { base, model, layers, adapters } = await openBank();
  const later = { five: randomAdapter(layers, 'five', 5, /./), two: randomAdapter(layers, 'two', 2, /mlp/, 3) };
  model.bank.load(later.five);
  model.bank.unload('code');
  model.bank.load(later.two);
  model.bank.load(later.five);
  assert.deepEqual(model.bank.names(), ['math', 'two', 'five', 'qa']);
  const other = await openModel(base, 1);
  for (const adapter of [later.five, adapters.qa, later.two, adapters.math]) other.bank.load(adapter);
  // What is free lies among those that take part, beside the base and alone.
  for (const weights of [
    { two: 1 },
    { math: 0.5, qa: 1 },
    { two: 0.3, five: -1 },
    { math: 1, five: 1 },
    {},
  ] as Weights[])
    for (let use = 0; use < 3; use++)
      assertClose(await allLogits(model, ids, weights), await allLogits(other, ids, weights), 1e-5);
  await other.dispose();
  await model.dispose();
});

test('a hundred experts: a blend of two far apart runs their ranks alone from its first use on', async () => {
  const { groups, layers } = await openBank();
  const bank = createAdapterBank(groups);
  for (let i = 0; i < 100; i++) bank.load({ ...randomAdapter(layers, 'x', 2, /o_proj/), name: `x${i}` });
  assert.deepEqual(bank.feeds([{ x0: 1, x99: 1 }])['gate.1']!.dims, [1, 1, 4]);
  assert.deepEqual(bank.feeds([{ x90: 1 }, { x3: 1 }])['gate.1']!.dims, [2, 1, 2]);
  assert.equal(bank.bytesOf({ ...randomAdapter(layers, 'x', 2, /o_proj/), name: 'x' }), bank.bytes() / 100);
});

test('the one used longest ago is idle first; what an answer holds is not', async () => {
  const { model } = await openBank();
  const { bank } = model;
  assert.deepEqual(bank.idle(), ['math', 'code', 'qa']);
  bank.feeds([{ math: 1 }, { qa: 0 }]);
  assert.deepEqual(bank.idle(), ['code', 'qa', 'math']);
  const [first, second] = [bank.hold({ qa: 1, math: 0 }), bank.hold({ qa: 0.5, code: 1 })];
  assert.deepEqual(bank.idle(), ['math']);
  second();
  second();
  assert.deepEqual(bank.idle(), ['code', 'math']);
  first();
  assert.deepEqual(bank.idle(), ['code', 'qa', 'math']);
  await model.dispose();
});

test('unknown experts, weights that are no numbers and adapters of another base are refused by name', async () => {
  const { groups, layers, adapters } = await openBank();
  const bank = createAdapterBank(groups);
  assert.throws(
    () => bank.feeds([{ math: 1 }]),
    (e: WorkbenchError) =>
      e.code === 'notFound' && e.message === "no expert 'math' is loaded" && e.hint === 'Loaded: none.',
  );
  bank.load(adapters.math);
  bank.load(adapters.qa);
  assert.throws(
    () => bank.feeds([{}, { code: 1 }]),
    (e: WorkbenchError) => e.hint === 'Loaded: math, qa.',
  );
  for (const weight of [Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(
      () => bank.feeds([{ math: weight }]),
      (e: WorkbenchError) => e.code === 'badRequest' && e.message === "the weight of expert 'math' is not a number",
    );
  const narrow = layers.map(l => ({ ...l, in: l.in + 1 }));
  assert.throws(
    () => bank.load(randomAdapter(narrow, 'other', 2, /q_proj/)),
    (e: WorkbenchError) => e.code === 'mismatch',
  );
  assert.deepEqual(bank.names(), ['math', 'qa']);
});

for (const name of ['dora_llama_all', 'dora_qwen2_all'])
  test(`${name}: the logits of PEFT with DoRA to 1e-4, alone and beside the base`, async () => {
    const gold = goldenJson(`train/${name}/golden.json`);
    const base = await goldenBase(gold.base.split('/').at(-1));
    const model = await openModel(base, 1);
    await model.load(await readAdapter(goldenPath(`train/${name}/adapter`), 'dora'));
    const expected = goldenTensors(`train/${name}/golden.safetensors`)('logits.after_training.batch0');
    const { input_ids, attention_mask } = gold.batches[0];
    const length = input_ids[0].length;
    for (const [row, padded] of input_ids.entries()) {
      const own: number[] = padded.filter((_: number, t: number) => attention_mask[row][t] === 1);
      const wanted = expected.subarray(row * length * base.config.vocab).subarray(0, own.length * base.config.vocab);
      assertClose(await allLogits(model, own, { dora: 1 }), wanted, 1e-4);
      const cache = createKvCache(base.config, 2, own.length);
      const both = await model.run([own, own], [0, 0], [{}, { dora: 1 }], cache, { from: 0 });
      assertClose(both.subarray(both.length / 2), wanted, 1e-4);
      const plain = await openModel(base, 1);
      assertSameBits(await allLogits(model, own, {}), await allLogits(plain, own, {}), 'the base');
      await plain.dispose();
    }
    await model.dispose();
  });

test('DoRA in blends and mixed batches equals the same weights merged, to 1e-4; experts of factors alone keep their numbers', async () => {
  const { base, model, layers, adapters } = await openBank();
  const before = await allLogits(model, ids, { math: 0.7, qa: -0.3 });
  const dora = withMagnitudes(randomAdapter(layers, 'dora', 3, /./, 2));
  const other = withMagnitudes(randomAdapter(layers, 'other', 2, /v_proj|down_proj/, 1));
  assert.throws(() => model.bank.load(dora), /the row effects of expert 'dora' are missing/);
  await model.load(dora);
  await model.load(other);
  assertSameBits(await allLogits(model, ids, { math: 0.7, qa: -0.3 }), before);
  const rows: Weights[] = [{ dora: 1 }, { dora: 0.6, math: 0.5 }, { dora: 0.5, other: 0.8, qa: -0.4 }, { code: 1 }, {}];
  const cache = createKvCache(base.config, rows.length, ids.length);
  const found = await model.run(
    rows.map(() => ids),
    rows.map(() => 0),
    rows,
    cache,
    { from: 0 },
  );
  const all = { ...adapters, dora, other };
  for (const [i, weights] of rows.entries()) {
    const parts = Object.entries(weights).map(([name, weight]) => ({ adapter: all[name as 'math'], weight }));
    const merged = await openModel(await mergedBase(base, parts), 1);
    const size = found.length / rows.length;
    assertClose(
      found.subarray(i * size, (i + 1) * size),
      await allLogits(merged, ids, {}),
      1e-4,
      JSON.stringify(weights),
    );
    await merged.dispose();
  }
  const alone = await allLogits(model, ids, { other: 1 });
  model.bank.unload('dora');
  assertSameBits(await allLogits(model, ids, { other: 1 }), alone, 'after unloading its neighbour');
  await model.dispose();
});

for (const name of ['qwen2_qv_bias_all', 'qwen2_qv_bias_lora_only'])
  test(`${name}: the logits of PEFT with trained biases to 1e-4, and a share of them`, async () => {
    const gold = goldenJson(`train/${name}/golden.json`);
    const base = await goldenBase(gold.base.split('/').at(-1));
    const model = await openModel(base, 1);
    const adapter = await readAdapter(goldenPath(`train/${name}/adapter`), 'biased');
    await model.load(adapter);
    const expected = goldenTensors(`train/${name}/golden.safetensors`)('logits.after_training.batch0');
    const length: number = gold.batches[0].attention_mask[0].reduce((a: number, b: number) => a + b);
    const own: number[] = gold.batches[0].input_ids[0].slice(0, length);
    const wanted = expected.subarray(0, length * base.config.vocab);
    assertClose(await allLogits(model, own, { biased: 1 }), wanted, 1e-4);
    const without = await allLogits(model, own, {});
    assert.ok(Math.max(...wanted.map((x, i) => Math.abs(x - without[i]!))) > 0.1);
    const folder = join(temporaryFolder(), 'merged');
    await writeMergedBase(base, [{ adapter, weight: 0.5 }], folder);
    const merged = await openModel(await loadBase(folder), 1);
    assertClose(await allLogits(model, own, { biased: 0.5 }), await allLogits(merged, own, {}), 1e-4);
    await merged.dispose();
    await model.dispose();
  });

for (const kind of ['lora', 'dora'])
  test(`an MLX folder (${kind}): the logits of mlx_lm 0.32 to 1e-4`, async () => {
    const base = await goldenBase('llama_tied');
    const model = await openModel(base, 1);
    const adapter = await readAdapter(goldenPath(`mlx/${kind}`), 'mlx');
    assert.deepEqual([adapter.modules.size, [...adapter.modules.values()][0]!.scaling], [4, 3]);
    await model.load(adapter);
    const expected = goldenTensors(`mlx/${kind}/logits.safetensors`)('logits');
    const ids = [1, 3, 5, 7, 20, 33];
    assertClose(await allLogits(model, ids, { mlx: 1 }), expected, 1e-4);
    const plain = await allLogits(model, ids, {});
    assert.ok(Math.max(...plain.map((x, i) => Math.abs(x - expected[i]!))) > 0.1);
    await model.dispose();
  });

test('a base that was opened to answer alone: the same bits, and those of an expert, also in the middle of a text', async () => {
  const base = await goldenBase(modelName);
  const [alone, model] = [await openModel(base, 1, undefined, true), await openModel(base, 1)];
  assertSameBits(await allLogits(alone, ids, {}), await allLogits(model, ids, {}), 'alone');
  await assert.rejects(allLogits(alone, ids, { e: 1 }), { code: 'notFound' });
  const expert = randomAdapter(linearLayers(base.config), 'e', 4, /./);
  const caches = [alone, model].map(() => createKvCache(base.config, 1, ids.length));
  const found: Float32Array[] = [];
  for (const [i, each] of [alone, model].entries()) {
    await each.run([ids.slice(0, 3)], [0], [{}], caches[i]!);
    await each.load(expert);
    found.push((await each.run([ids.slice(3)], [3], [{ e: 0.7 }], caches[i]!, { from: 0 })).slice());
    await each.dispose();
  }
  assertSameBits(found[0]!, found[1]!, 'with an expert');
});
