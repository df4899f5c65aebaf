import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { int8Support } from '../../../src/engine/runtime/int8Support.ts';
import { withInt8Codes } from '../../../src/engine/training/int8Base.ts';
import { openTrainSessions } from '../../../src/engine/training/trainBackend.ts';
import { type Base, loadBase } from '../../../src/experiment/base.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import { hyperVector } from '../../../src/nn/train/adamw.ts';
import { assembleBatch } from '../../../src/nn/train/assembleBatch.ts';
import type { Arithmetic } from '../../../src/protocol/arithmetic.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const inexact = 'this processor cuts off sums of products in 8 bits';
const cacheFolder = temporaryFolder();
let isExact = false;
let stored: Base;
before(async () => {
  ({ isExact } = await int8Support(1));
  stored = await loadBase('media/base');
});

const texts = [
  ['What is 24 + 18?', '24+18: 4+8=12, 2+1+1=4\nAnswer: 42'],
  ['Write a JavaScript function getNumber(n) that adds 7.', 'function getNumber(n) {\n  return n + 7;\n}'],
  ['Emma is in the park. Ben is at the school.\nWhere is Emma?', 'park'],
] as const;

/** Some steps from fresh factors: losses, gradients' norms, and the factors at the end. */
async function trained(
  base: Base,
  arithmetic: Arithmetic,
  o: { threads?: number; steps?: number; recompute?: boolean } = {},
) {
  const { threads = 1, steps = 3, recompute = false } = o;
  const { tokenizer } = base.text();
  const examples = texts.map(([question, answer]) => {
    const prompt = tokenizer.encode(`User: ${question}\nAssistant:`);
    const ids = Int32Array.from([...prompt, ...tokenizer.encode(` ${answer}`, { addSpecialTokens: false })]);
    return { ids, labels: ids.map((id, i) => (i < prompt.length ? -100 : id)) };
  });
  const batch = assembleBatch([{ expert: 0, scaling: 2, examples, share: 1 }], 1);
  const targets = linearLayers(base.config).map(l => l.path);
  const experts = [{ name: 'e', rank: 4, targets, seed: 3, dropout: 0 }];
  const sessions = await openTrainSessions({ base, experts, accumulates: false, threads, arithmetic, recompute });
  const settings = { learningRate: 3e-3, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };
  const losses: number[] = [];
  const norms: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const result = await sessions.step(batch, step, new Map([['e', hyperVector(settings, 3e-3, step)]]));
    losses.push(result.losses[0]!);
    norms.push(result.norms.get('e')!);
  }
  const { parameter } = await sessions.state('e');
  await sessions.dispose();
  return { losses, norms, parameter: parameter.slice() };
}

test('products in 8 bits train as those in F32 do: losses and norms of gradients within a few percent', async t => {
  if (!isExact) return t.skip(inexact);
  const base = await withInt8Codes(stored, { cacheFolder, threads: 1 });
  const [float, int8] = [await trained(stored, 'float', { steps: 12 }), await trained(base, 'int8', { steps: 12 })];
  for (const [i, loss] of float.losses.entries())
    assert.ok(Math.abs(int8.losses[i]! - loss) <= 0.03 * loss + 0.02, `step ${i}: ${int8.losses[i]} for ${loss}`);
  for (const [i, norm] of float.norms.slice(0, 4).entries())
    assert.ok(Math.abs(int8.norms[i]! / norm - 1) <= 0.05, `step ${i}: ${int8.norms[i]} for ${norm}`);
});

test('the same bits on one and two threads, and where activations are computed again', async t => {
  if (!isExact) return t.skip(inexact);
  const base = await withInt8Codes(stored, { cacheFolder, threads: 1 });
  const once = await trained(base, 'int8');
  assert.deepEqual(await trained(base, 'int8', { threads: 2 }), once);
  assert.deepEqual(await trained(base, 'int8', { recompute: true }), once);
});

test('codes are made once; a copy that was altered is made anew, with the same bytes', async () => {
  const folder = temporaryFolder();
  const path = () => join(folder, 'quantized', readdirSync(join(folder, 'quantized'))[0]!);
  const told: string[] = [];
  const options = {
    cacheFolder: folder,
    threads: 1,
    progress: (done: number, all: number) => void told.push(`${done}/${all}`),
  };
  await withInt8Codes(stored, options);
  assert.equal(told.at(-1), '25/25');
  const bytes = readFileSync(path());
  told.length = 0;
  await withInt8Codes(stored, options);
  assert.deepEqual(told, []);
  const altered = Buffer.from(bytes);
  altered[altered.length - 5]! ^= 1;
  writeFileSync(path(), altered);
  await withInt8Codes(stored, options);
  assert.deepEqual(readFileSync(path()), bytes);
});
