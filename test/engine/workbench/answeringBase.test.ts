import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContinuousBatch } from '../../../src/engine/runtime/continuousBatch.ts';
import { int8Support } from '../../../src/engine/runtime/int8Support.ts';
import { createKvCache } from '../../../src/engine/runtime/kvCache.ts';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { createPrefixCache } from '../../../src/engine/runtime/prefixCache.ts';
import { withInt8Codes } from '../../../src/engine/training/int8Base.ts';
import { openAnsweringBase, paysInInt8 } from '../../../src/engine/workbench/answeringBase.ts';
import { loadBase } from '../../../src/experiment/base.ts';
import { generationSettings } from '../../../src/recipe/schema.ts';
import { assertSameBits } from '../../support/assertClose.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = 'media/base';
const ids = Array.from({ length: 70 }, (_, i) => 20 + ((i * 37) % 900));

test('without a word in the recipe, large bases answer in 8 bits where the CPU is fast at it, and small ones in F32', async () => {
  const cacheFolder = temporaryFolder();
  const small = await loadBase(folder);
  const large = { ...small, config: { ...small.config, vocab: 200_000 } };
  const options = { device: 'cpu' as const, cacheFolder, threads: 1 };
  assert.equal(await paysInInt8(large, options), (await int8Support(1)).isFast);
  assert.equal(await paysInInt8(large, { ...options, device: 'webgpu' }), false);
  assert.equal(await paysInInt8(small, options), false);
  const opened = await openAnsweringBase(folder, 'auto', { ...options, tell: assert.fail });
  assert.equal(opened.answersInInt8, undefined);
  assert.deepEqual([...opened.tensors], [...small.tensors]);
});

test('answers in 8 bits: close to those in F32, the same in pieces, the same bits on two threads, the same text beside other rows', async t => {
  if (!(await int8Support(1)).isExact) return t.skip('this processor cuts off sums of products in 8 bits');
  const plain = await loadBase(folder);
  const base = await withInt8Codes(plain, { cacheFolder: temporaryFolder(), threads: 1 });
  const float = await openModel(plain, 1);
  const model = await openModel(base, 1);
  const wanted = await allLogits(float, ids, {});
  const found = await allLogits(model, ids, {});
  const norm = (values: Iterable<number>) => Math.sqrt([...values].reduce((sum, v) => sum + v * v, 0));
  const apart = (a: Float32Array, b: Float32Array) => norm(a.map((v, i) => v - b[i]!)) / norm(b);
  const fromFloat = apart(found, wanted);
  assert.ok(fromFloat > 0 && fromFloat < 0.02, `${fromFloat}`);

  const cache = createKvCache(base.config, 1, ids.length);
  await model.run([ids.slice(0, 41)], [0], [{}], cache);
  await model.run([ids.slice(41, 69)], [41], [{}], cache);
  const last = await model.run([ids.slice(69)], [69], [{}], cache);
  // Attention in floats sums in another order, so that a number may be rounded to the next code.
  assert.ok(apart(last, found.slice(-base.config.vocab)) < 2e-3);

  const twice = await openModel(base, 2);
  assertSameBits(await allLogits(twice, ids, {}), found, 'two threads');

  const settings = generationSettings.parse({ maxTokens: 12, temperature: 0 });
  const answer = async (prompts: number[][]) => {
    const batch = createContinuousBatch(model, createPrefixCache(base.config, 1e8));
    const { signal } = new AbortController();
    const answers = prompts.map(prompt => batch.add({ prompt, weights: {}, settings, signal }));
    while (batch.size() > 0) await batch.step();
    return (await Promise.all(answers)).map(({ text }) => text);
  };
  const prompts = [ids.slice(0, 30), ids.slice(10, 25), ids.slice(0, 50)];
  const together = await answer(prompts);
  for (const [i, prompt] of prompts.entries()) assert.deepEqual(await answer([prompt]), [together[i]]);
  for (const each of [float, model, twice]) await each.dispose();
});
