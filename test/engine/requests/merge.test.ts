import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFit } from '../../../src/experiment/adapterFiles.ts';
import type { Base } from '../../../src/experiment/base.ts';
import { parseSafetensorsHeader, readTensorF32 } from '../../../src/nn/files/safetensors.ts';
import { fixedMethods } from '../../../src/protocol/mergeMethod.ts';
import { adapterFolder } from '../../support/adapterFolder.ts';
import { goldenBase, halfBase } from '../../support/goldenBase.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const engine = testEngine();
const [q, down] = ['model.layers.0.self_attn.q_proj', 'model.layers.1.mlp.down_proj'];
const layers: Record<string, [number, number]> = { [q]: [64, 64], [down]: [64, 172] };
const newFolder = () => join(temporaryFolder(), 'out');

function tensorsOf(folder: string, file: string): (name: string) => Float32Array {
  const path = join(folder, file);
  const bytes = new Uint8Array(readFileSync(path));
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, path);
  return name => {
    const entry = tensors.get(name)!;
    return readTensorF32(entry, bytes.subarray(entry.begin, entry.end));
  };
}

/** Σ (alpha/r) B A of an adapter's layer, by the sums of the definition. */
function deltaOf(folder: string, path: string, scaling: number): Float64Array {
  const read = tensorsOf(folder, 'adapter_model.safetensors');
  const [out, inputs] = layers[path]!;
  const [a, b] = ['lora_A', 'lora_B'].map(half => read(`base_model.model.${path}.${half}.weight`)) as [
    Float32Array,
    Float32Array,
  ];
  const rank = a.length / inputs;
  const delta = new Float64Array(out * inputs);
  for (let o = 0; o < out; o++)
    for (let i = 0; i < inputs; i++)
      for (let r = 0; r < rank; r++) delta[o * inputs + i]! += scaling * b[o * rank + r]! * a[r * inputs + i]!;
  return delta;
}

test('into a base: the error is that of the weights as they are written, in every number format', async () => {
  const bases: [string, Base, number, number][] = [
    ['F32', await goldenBase('llama_tied'), 1e-8, 1e-5],
    ['F16', await halfBase('llama_tied', 'F16'), 1e-4, 1e-1],
    ['BF16', await halfBase('llama_tied', 'BF16'), 1e-3, 1],
  ];
  const adapter = adapterFolder(layers, { size: 0.05 });
  for (const [dtype, base, least, most] of bases) {
    const out = newFolder();
    const adapters = [{ path: adapter, weight: 0.5 }];
    const { relativeError } = await engine.request('merge', { base: base.folder, adapters, out, intoBase: true });
    const [before, after] = [base.folder, out].map(folder => tensorsOf(folder, 'model.safetensors'));
    let [errors, norms] = [0, 0];
    for (const path of Object.keys(layers)) {
      const delta = deltaOf(adapter, path, 0.5 * 2);
      const [w, v] = [before!(`${path}.weight`), after!(`${path}.weight`)];
      errors += delta.reduce((sum, x, i) => sum + (v[i]! - w[i]! - x) ** 2, 0);
      norms += delta.reduce((sum, x) => sum + x ** 2, 0);
    }
    const expected = Math.sqrt(errors / norms);
    assert.ok(Math.abs(relativeError! - expected) < 1e-6 * expected + 1e-12, `${dtype}: ${relativeError}, ${expected}`);
    assert.ok(relativeError! > least && relativeError! < most, `${dtype}: ${relativeError}`);
  }
});

test('into a base in F16: a sum above 65504 is refused by the name of its weight, and nothing is written', async () => {
  const adapters = [{ path: adapterFolder(layers, { size: 300 }), weight: 1 }];
  const merge = (base: Base, out: string) =>
    engine.request('merge', { base: base.folder, adapters, out, intoBase: true });
  const out = newFolder();
  await assert.rejects(
    merge(await halfBase('llama_tied', 'F16'), out),
    /q_proj\.weight: \d+ values of the sum are beyond what F16 holds/,
  );
  assert.equal(existsSync(out), false);
  for (const base of [await halfBase('llama_tied', 'BF16'), await goldenBase('llama_tied')]) {
    const wide = newFolder();
    await merge(base, wide);
    const read = tensorsOf(wide, 'model.safetensors');
    for (const path of Object.keys(layers)) assert.ok(read(`${path}.weight`).every(Number.isFinite));
  }
});

test('weights beyond single floats are refused by every method, and so is a base that holds infinities', async () => {
  const base = (await goldenBase('llama_tied')).folder;
  const adapters = [
    { path: adapterFolder(layers, { size: 10 }), weight: 1e38 },
    { path: adapterFolder(layers, { size: 10, seed: 2 }), weight: 1e38 },
  ];
  for (const method of fixedMethods) {
    const out = newFolder();
    const merging = engine.request('merge', { base, adapters, method, density: 0.5, out });
    // Factors that are combined apart carry the root of a weight: they hold what their product does not.
    const written = await merging.then(
      () => true,
      error => {
        assert.match(error.message, /beyond single floats/, method);
        return false;
      },
    );
    assert.equal(existsSync(out), written, method);
    if (!written) continue;
    const read = tensorsOf(out, 'adapter_model.safetensors');
    for (const path of Object.keys(layers))
      for (const half of ['lora_A', 'lora_B'])
        assert.ok(read(`base_model.model.${path}.${half}.weight`).every(Number.isFinite), method);
  }
  const out = newFolder();
  const huge = adapters.map(({ path }) => ({ path, weight: 1e300 }));
  await assert.rejects(engine.request('merge', { base, adapters: huge, method: 'cat', out }), /the weight 1e\+300 of/);
  const ones = adapters.map(({ path }) => ({ path, weight: 1 }));
  const broken = await halfBase('llama_tied', 'F16', { 'model.norm.weight': 1e30 });
  await assert.rejects(
    engine.request('merge', { base: broken.folder, adapters: ones, out, intoBase: true }),
    /'model\.norm\.weight' of the base holds \d+ values that are infinite/,
  );
  assert.equal(existsSync(out), false);
});

test('a merge is written over no expert and no other merge, trained or not', async () => {
  const folder = temporaryFolder();
  const recipe = join(folder, 'two.lora.json');
  const own = adapterFolder({ 'model.layers.0.self_attn.q_proj': [64, 64] }, { folder: join(folder, 'a') });
  const weights = { a: 1 };
  const write = (merges: object) =>
    writeFileSync(
      recipe,
      JSON.stringify({ experts: { a: { adapter: own }, b: { data: { train: 'b.jsonl' } } }, merges }),
    );
  write({ m: { weights, out: 'x' }, n: { weights, out: './x' }, o: { weights, out: 'runs/two/adapters/b' } });
  const merge = (params: object) => engine.request('merge', { recipe, ...params });
  await assert.rejects(merge({ merge: 'm' }), /is the folder of merge 'n'; the result would answer in its place/);
  await assert.rejects(merge({ merge: 'o' }), /is the folder of expert 'b'/);
  await assert.rejects(merge({ weights, out: join(folder, 'runs/two/adapters/b') }), /is the folder of expert 'b'/);
  assert.equal(existsSync(join(folder, 'runs')), false);
  write({ a: { weights } });
  await assert.rejects(merge({ merge: 'a' }), /merges\.a: an expert is called 'a'/);
});

test('factors that target_modules does not name are told of, once, and used', async () => {
  const told: string[] = [];
  engine.onNotice(({ level, message }) => level === 'warning' && told.push(message));
  const base = (await goldenBase('llama_tied')).folder;
  const merge = (target_modules: unknown, more: Record<string, unknown> = {}) =>
    engine.request('merge', {
      base,
      adapters: [{ path: adapterFolder(layers, { config: { target_modules, ...more } }), weight: 1 }],
      method: 'cat',
      out: newFolder(),
    });
  for (const all of [['q_proj', 'down_proj'], 'all-linear', '.*\\.(q|down)_proj', undefined]) await merge(all);
  assert.deepEqual(told, []);
  await merge(['q_proj']);
  await merge('model\\.layers\\.0\\..*');
  assert.equal(told.length, 2);
  await merge('all-linear', { new_option: 3 });
  assert.match(told.pop()!, /adapter_config\.json: the setting new_option is not known and has no effect/);
  for (const note of told)
    assert.match(note, /factors of 1 of 2 layers are used although target_modules does not name them.*: .*down_proj\./);
});

test('score: logits that are not finite are refused, and nothing is written', async () => {
  const model = (await goldenBase('llama_tied')).folder;
  const logits = join(temporaryFolder(), 'logits.safetensors');
  const adapters = [{ path: adapterFolder(layers, { size: 1e19 }), weight: 1 }];
  const items = [{ ids: [1, 7, 30] }];
  await assert.rejects(
    engine.request('score', { model, adapters, items, logits }),
    /item 0: the model's logits after token 1 are infinite or not numbers/,
  );
  assert.equal(existsSync(logits), false);
  const plain = await engine.request('score', { model, adapters: [], items, logits });
  assert.ok(plain.items[0]!.logProbabilities.every(Number.isFinite));
});

test('merges that are fitted to the experts’ data', async t => {
  const recipe = tinyExperiment({
    merges: {
      fitted: { method: 'regmean', examples: 5 },
      cut: { method: 'regmean', examples: 5, rank: 2 },
      weighted: { method: 'regmean', examples: 5, weights: { math: 3, code: 1 } },
      learned: { method: 'learned', examples: 5, epochs: 2 },
      long: { method: 'learned', examples: 5, epochs: 40 },
    },
  });
  await engine.request('train', { recipe, resume: false });
  const bytesOf = (folder: string) => readFileSync(join(folder, 'adapter_model.safetensors'));
  const made = new Map<string, Awaited<ReturnType<typeof engine.request<'merge'>>>>();

  await t.test(
    'every expert with data takes part; the sum of the ranks, a chosen one, and what the fit is',
    async () => {
      const told: string[] = [];
      for (const merge of ['fitted', 'cut', 'weighted', 'learned'])
        made.set(
          merge,
          await engine.request('merge', { recipe, merge }, { onProgress: ({ message }) => told.push(message) }),
        );
      assert.deepEqual(
        [...made.values()].map(({ rank }) => rank),
        [4, 2, 4, 4],
      );
      for (const { path, fit } of made.values()) {
        assert.equal(fit!.texts >= 5 && fit!.tokens > 50, true);
        const { seconds: _, ...kept } = fit!;
        assert.deepEqual(await readFit(path), kept);
      }
      const { outputError, meanOutputError } = made.get('fitted')!.fit!;
      assert.ok(outputError! < meanOutputError!, `${outputError} < ${meanOutputError}`);
      assert.ok(made.get('learned')!.fit!.firstLoss! > 0);
      assert.ok(told.includes('reading texts') && told.includes('learning weights'));
      assert.notDeepEqual(bytesOf(made.get('weighted')!.path), bytesOf(made.get('fitted')!.path));
      // It answers under its name.
      const { text } = await engine.request('ask', {
        recipe,
        prompt: 'What is 2 + 3?',
        target: { kind: 'merge', name: 'fitted' },
        settings: { maxTokens: 3 },
      });
      assert.equal(typeof text, 'string');
    },
  );

  await t.test('nobody waits for an answer until a merge is fitted', async () => {
    const order: string[] = [];
    let asked: Promise<unknown> | undefined;
    const onProgress = ({ message }: { message: string }) => {
      if (message !== 'learning weights') return;
      asked ??= engine
        .request('ask', { recipe, prompt: 'What is 2 + 3?', target: { kind: 'base' }, settings: { maxTokens: 1 } })
        .then(() => order.push('answered'));
    };
    await engine.request('merge', { recipe, merge: 'long', out: newFolder() }, { onProgress });
    order.push('merged');
    await asked;
    assert.deepEqual(order, ['answered', 'merged']);
  });

  await t.test('the same recipe gives the same bits; into a base too', async () => {
    for (const merge of ['fitted', 'learned']) {
      const out = newFolder();
      await engine.request('merge', { recipe, merge, out });
      assert.deepEqual(bytesOf(out), bytesOf(made.get(merge)!.path), merge);
    }
    const { path, relativeError } = await engine.request('merge', {
      recipe,
      merge: 'fitted',
      out: newFolder(),
      intoBase: true,
    });
    assert.ok(existsSync(join(path, 'config.json')));
    assert.equal(typeof relativeError, 'number');
  });

  await t.test('folders of adapters have no data, and texts cannot count less than 0', async () => {
    const adapters = [{ path: adapterFolder(layers), weight: 1 }];
    const base = (await goldenBase('llama_tied')).folder;
    await assert.rejects(
      engine.request('merge', { base, adapters, method: 'regmean', out: newFolder() }),
      /regmean is fitted to the experts' data, and folders of adapters have none/,
    );
    await assert.rejects(
      engine.request('merge', { recipe, weights: { math: 1, code: -1 }, method: 'regmean', out: newFolder() }),
      /the texts of 'code' cannot count less than 0/,
    );
  });
});
