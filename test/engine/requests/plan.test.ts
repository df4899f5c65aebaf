import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { int8Support } from '../../../src/engine/runtime/int8Support.ts';
import { openBase } from '../../../src/engine/runtime/quantizedBase.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { assertClose } from '../../support/assertClose.ts';
import { peakMissing, peakOf } from '../../support/peakOf.ts';
import { fromSource, testEngine } from '../../support/programs.ts';
import { randomBase } from '../../support/randomBase.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment, writeJsonLines } from '../../support/tinyExperiment.ts';
import { train } from '../../support/train.ts';

/** A hundred numbers to be counted: some 200 tokens. */
const longExamples = Array.from({ length: 32 }, (_, i) => ({
  prompt: `Count from ${i} on.`,
  completion: Array.from({ length: 60 }, (_, n) => i + n).join(' '),
}));

/** Rows enough that activations are most of what training takes. */
function largeExperiment(
  training: object,
  folder = temporaryFolder(),
  base = 'embedded',
  lora: object = { rank: 16 },
): string {
  writeJsonLines(join(folder, 'long.jsonl'), longExamples);
  return tinyExperiment(
    {
      base,
      lora,
      training: { steps: 2, batchSize: 16, validateEvery: 0, ...training },
      experts: { count: { data: { train: 'long.jsonl' } } },
      blends: {},
      merges: {},
      evaluation: {},
    },
    folder,
  );
}

/** Memory of a bundled engine that has answered `doctor`; one that runs from source has the loader's besides. */
const bundledEngine = 75e6;

async function assertPlannedWell(context: TestContext, recipe: string): Promise<void> {
  const plan = await testEngine(context).request('plan', { recipe });
  const engine = testEngine(context);
  await engine.request('doctor', {});
  const loader = peakOf(engine.pid!) - bundledEngine;
  await train(engine, recipe);
  const measured = peakOf(engine.pid!) - loader;
  assertClose([plan.totalBytes / measured], [1], 0.15, 'planned by measured bytes');
}

test('the memory that is planned is within 15 % of the peak', { skip: peakMissing }, async context => {
  await assertPlannedWell(context, largeExperiment({}));
});

test('and so it is with magnitudes, activations computed again', { skip: peakMissing }, async context => {
  const settings = { rank: 16, dora: true };
  await assertPlannedWell(context, largeExperiment({ recompute: true }, temporaryFolder(), 'embedded', settings));
});

test('and so it is where logits take the most', { skip: peakMissing }, async context => {
  const folder = temporaryFolder();
  randomBase(join(folder, 'base'), 'F16', { vocab_size: 32000, num_hidden_layers: 2 });
  await assertPlannedWell(context, largeExperiment({}, folder, 'base'));
});

for (const inHalves of ['weights', 'activations'])
  test(`and so it is where ${inHalves} stay in 16 bits`, { skip: peakMissing }, async () => {
    const folder = temporaryFolder();
    const shape = { hidden_size: 768, num_attention_heads: 12, intermediate_size: 2048, num_hidden_layers: 5 };
    randomBase(folder, 'F16', shape);
    const program = fileURLToPath(new URL('../../support/trainPeak.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...fromSource, program, folder, inHalves]);
    const { planned, measured } = JSON.parse(stdout);
    assertClose([planned / measured], [1], 0.15, 'planned by measured bytes');
  });

test('the memory of answering that is planned is within 10 % of the peak, in F32, 8 and 4 bits', {
  skip: peakMissing,
}, async () => {
  const folder = temporaryFolder();
  const width = { hidden_size: 768, num_attention_heads: 12, intermediate_size: 2048, num_hidden_layers: 3 };
  // Weights that are joined, packed, dequantised and gathered from are each a large part.
  randomBase(folder, 'BF16', { ...width, vocab_size: 16000, max_position_embeddings: 2048 });
  const program = fileURLToPath(new URL('../../support/answerPeak.ts', import.meta.url));
  const cases = [
    ['none', 1500],
    ['int8', 200],
    ['int4', 1500],
  ] as const;
  for (const [quantization, words] of cases) {
    // Making the copy is not what is measured.
    await openBase(folder, quantization, join(folder, 'cache'));
    const args = ['--expose-gc', ...fromSource, program, folder, quantization, join(folder, 'cache'), `${words}`];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { planned, measured } = JSON.parse(stdout);
    assertClose([planned / measured], [1], 0.1, `${quantization}, ${words} words: planned by measured bytes`);
  }
});

test('what does not fit is computed again, says so, and ends in the same bits; what still does not fit is refused', async context => {
  const [plain, limited] = [temporaryFolder(), temporaryFolder()];
  const free = await train(testEngine(context), largeExperiment({}, plain));
  assert.deepEqual(
    free.map(e => e.type),
    ['step', 'step', 'trained'],
  );
  const recipe = largeExperiment({}, limited);
  const engine = testEngine(context, ['--memory-limit', '650MB']);
  const plan = await engine.request('plan', { recipe });
  assert.ok(plan.totalBytesWithout > 650e6 && plan.totalBytes < 650e6);
  assert.deepEqual([plan.fits, plan.recompute, plan.isRecomputeChosen], [true, true, true]);
  const [first, ...others] = await train(engine, recipe);
  assert.deepEqual(first, {
    type: 'recompute',
    step: 0,
    bytes: plan.totalBytes,
    bytesWithout: plan.totalBytesWithout,
    budgetBytes: 650e6,
  });
  assert.equal(others.length, 3);
  const factors = (folder: string) =>
    readFileSync(join(folder, 'runs', 'tiny', 'adapters', 'count', 'adapter_model.safetensors'));
  assert.ok(factors(limited).equals(factors(plain)));
  await assert.rejects(train(testEngine(context, ['--memory-limit', '250MB']), recipe), (e: WorkbenchError) => {
    assert.equal(e.code, 'outOfMemory');
    assert.match(e.message, /\d+\.\d MB of memory, activations computed again: the limit is 250\.0 MB/);
    assert.match(e.hint!, /batchSize.*raise the memory limit/);
    return true;
  });
});

test('a plan needs nothing of a base but config.json', async context => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'base'));
  writeFileSync(
    join(folder, 'base', 'config.json'),
    JSON.stringify({
      architectures: ['LlamaForCausalLM'],
      hidden_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      intermediate_size: 128,
      vocab_size: 5000,
      torch_dtype: 'bfloat16',
    }),
  );
  const recipe = tinyExperiment({ base: 'base', quantization: 'int8' }, folder);
  const engine = testEngine(context);
  const plan = await engine.request('plan', { recipe, only: ['math'] });
  assert.equal(plan.base.parameters, 5000 * 64 * 2 + 2 * (4 * 64 * 64 + 3 * 64 * 128 + 2 * 64) + 64);
  assert.deepEqual(
    plan.experts.map(e => [e.name, e.rank, e.layers, e.parameters, e.examples, e.steps, e.epochs]),
    [['math', 2, 4, 4 * 2 * (64 + 64), 12, 4, 8 / 12]],
  );
  assert.ok(plan.time.operationsPerStep > 0 && plan.time.seconds > 0);
  assert.match(plan.notes.join(' '), /planned as BF16.* no tokenizer\.json/);
  await assert.rejects(engine.request('plan', { recipe, only: ['nobody'] }), { code: 'notFound' });
});

test('products in 8 bits: where the processor has them or they are asked for, two bytes a weight', async context => {
  const { isExact } = await int8Support(1);
  const engine = testEngine(context);
  const planWith = (arithmetic: string, changes: object = {}) =>
    engine.request('plan', {
      recipe: tinyExperiment({ training: { steps: 4, batchSize: 2, arithmetic }, ...changes }),
    });
  const float = await planWith('float');
  assert.equal(float.arithmetic, 'float');
  const quantized = { quantization: 'int4' };
  await assert.rejects(planWith('int8', quantized), { code: 'unsupported', message: /quantised to int4 already/ });
  assert.equal((await planWith('auto', quantized)).arithmetic, 'float');
  const apart = {
    experts: {
      math: { data: { train: 'math.jsonl' }, training: { arithmetic: 'float' } },
      code: { data: { train: 'code.jsonl' } },
    },
  };
  await assert.rejects(planWith('int8', apart), { code: 'mismatch', message: /share its arithmetic/ });
  if (!isExact) {
    await assert.rejects(planWith('int8'), { code: 'unsupported', message: /cuts off sums/ });
    return context.skip('this processor cuts off sums of products in 8 bits');
  }
  const int8 = await planWith('int8');
  assert.equal(int8.arithmetic, 'int8');
  assert.equal(int8.time.operationsPerStep, float.time.operationsPerStep, 'what is useful is the same');
  assert.ok(int8.memory.weights < 0.5 * float.memory.weights);
});

test('weights in 16 bits stay so where they would not fit otherwise, and before activations are computed again', async context => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'base'));
  const config = {
    architectures: ['LlamaForCausalLM'],
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 8,
    intermediate_size: 3072,
    vocab_size: 5000,
    torch_dtype: 'bfloat16',
  };
  writeFileSync(join(folder, 'base', 'config.json'), JSON.stringify(config));
  const recipe = tinyExperiment({ base: 'base', training: { batchSize: 2 } }, folder);
  const planWithin = (bytes: number, recompute: boolean | 'auto' = 'auto') => {
    const text = JSON.stringify({
      ...JSON.parse(readFileSync(recipe, 'utf8')),
      training: { batchSize: 2, recompute, arithmetic: 'float' },
    });
    return testEngine(context, ['--memory-limit', `${Math.round(bytes / 1e6)}MB`]).request('plan', { recipe, text });
  };
  const [free, tight] = [await planWithin(20e9), await planWithin(0.2e9)];
  assert.deepEqual([free.widensAtUse, free.recompute, free.fits], [false, false, true]);
  assert.deepEqual([tight.widensAtUse, tight.recompute, tight.fits], [true, true, false]);
  const kept = await planWithin(0.2e9, false);
  assert.deepEqual([kept.widensAtUse, kept.recompute], [true, false]);
  // There is one graph. Weights in F32, with what they leave unused between them, in place of 16 bits.
  const products = 12 * (4 * 768 ** 2 + 3 * 768 * 3072);
  const saved = free.memory.weights - kept.memory.weights;
  const graphs = saved / ((4 * 1.06 - 2) * products);
  assert.ok(Math.abs(graphs - 1) < 1e-3, `${graphs} times what the products' weights save`);
  assert.ok(kept.totalBytes < free.totalBytes);
  // This engine runs from source, with a loader that takes some 60 MB.
  const between = await planWithin((kept.totalBytes + free.totalBytes) / 2 + 60e6);
  assert.deepEqual([between.widensAtUse, between.recompute], [true, false]);
  assert.equal(between.totalBytesWithout, free.totalBytes);
});

test('merges and gates that are fitted to data are planned: time, memory and examples, or why they cannot be', async context => {
  const recipe = tinyExperiment({
    merges: {
      both: { weights: { math: 0.5, code: 0.5 } },
      solved: { method: 'regmean', examples: 5 },
      learned: { method: 'learned', examples: 8, epochs: 10 },
      longer: { method: 'learned', examples: 8, epochs: 100 },
      distilled: { method: 'distilled', steps: 20, examples: 4 },
    },
    router: { kind: 'tokens', examples: 6 },
  });
  const engine = testEngine(context);
  const { fitted } = await engine.request('plan', { recipe });
  assert.deepEqual(
    fitted.map(({ name, examples }) => [name, examples]),
    [
      ['solved', 10],
      ['learned', 16],
      ['longer', 16],
      ['distilled', 8],
      ['router', 12],
    ],
  );
  const of = (wanted: string) => fitted.find(({ name }) => name === wanted)!;
  assertClose([of('longer').seconds! / of('learned').seconds!], [10], 0.2, 'ten times the epochs');
  for (const { totalBytes } of fitted) assert.ok(totalBytes! > 125e6 && totalBytes! < 1e9, `${totalBytes}`);
  // Of one of the experts alone there is nothing to plan.
  assert.deepEqual((await engine.request('plan', { recipe, only: ['math'] })).fitted, []);
});
