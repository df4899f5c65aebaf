import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import { cutAnswersCode, type WorkbenchError } from '../../../src/protocol/errors.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment, writeJsonLines } from '../../support/tinyExperiment.ts';

/** A recipe with one expert beside its data. */
function recipeOf(data: Record<string, object[]>, recipe: object): string {
  const path = join(temporaryFolder(), 'one.lora.json');
  mkdirSync(dirname(path), { recursive: true });
  for (const [name, rows] of Object.entries(data)) writeJsonLines(join(dirname(path), name), rows);
  const experts = {
    math: { data: { train: 'train.jsonl', ...('validation.jsonl' in data && { validation: 'validation.jsonl' }) } },
  };
  writeFileSync(path, JSON.stringify({ lora: { rank: 2, targets: ['q_proj'] }, experts, ...recipe }));
  return path;
}

const row = (i: number, answer = `${2 * i}`) => ({ prompt: `What is ${i} + ${i}?`, completion: answer });

test('what is not learned as it is written', async t => {
  const engine = testEngine(t);
  const quick = { steps: 1, batchSize: 2, validateEvery: 0 };

  await t.test('answers that are cut are counted; more than one in a hundred asks first', async () => {
    const long = 'and '.repeat(40);
    const rows = [row(1), row(2, long), row(3), row(4, long)];
    const recipe = recipeOf({ 'train.jsonl': rows }, { training: { ...quick, maxLength: 32 } });
    await assert.rejects(
      engine.request('train', { recipe, resume: false }),
      (error: WorkbenchError) =>
        error.code === 'badData' &&
        /train\.jsonl: 2 of 4 examples lose the end of their answer at maxLength \(32 tokens\).*\(lines 2, 4\)/.test(
          error.message,
        ) &&
        error.problems.some(p => p.code === cutAnswersCode),
    );
    const told: EngineProgress<'train'>[] = [];
    await engine.request(
      'train',
      { recipe, resume: false, allowCut: true },
      { onProgress: now => void told.push(now) },
    );
    const [first] = told.flatMap(now => (now.kind === 'event' ? [now.event] : []));
    assert.ok(first?.type === 'data' && first.problems[0]!.code === 'cutAnswers');
    const { experts } = await engine.request('plan', { recipe });
    assert.deepEqual(experts[0]!.problems, first.problems);
  });

  await t.test('a row that goes from training to validation makes another run of it', async () => {
    const rows = Array.from({ length: 6 }, (_, i) => row(i));
    const recipe = recipeOf(
      { 'train.jsonl': rows.slice(0, 4), 'validation.jsonl': rows.slice(4) },
      { training: { ...quick, steps: 2, checkpointEvery: 1 } },
    );
    await engine.request('train', { recipe, resume: false });
    await engine.request('train', { recipe, resume: true });
    writeJsonLines(join(dirname(recipe), 'train.jsonl'), rows.slice(0, 3));
    writeJsonLines(join(dirname(recipe), 'validation.jsonl'), rows.slice(3));
    await assert.rejects(
      engine.request('train', { recipe, resume: true }),
      (error: WorkbenchError) => error.code === 'mismatch' && /other data/.test(error.message),
    );
  });

  await t.test(
    'an example whose answer has no place of its own is refused with its line; learned whole, it is not',
    async () => {
      const twice =
        "{% for m in messages %}{{ m.content }}{% if messages[0].content == 'a' %}{{ m.content }}{% endif %}{% endfor %}";
      const recipe = recipeOf(
        { 'train.jsonl': [row(1), { prompt: 'a', completion: 'b' }] },
        { base: 'base', training: quick },
      );
      cpSync('media/base', join(dirname(recipe), 'base'), { recursive: true });
      writeFileSync(join(dirname(recipe), 'base', 'chat_template.jinja'), twice);
      await assert.rejects(
        engine.request('train', { recipe, resume: false }),
        (error: WorkbenchError) =>
          error.code === 'badData' &&
          /train\.jsonl:2: The chat template/.test(error.message) &&
          error.problems[0]!.where === `${join(dirname(recipe), 'train.jsonl')}:2`,
      );
      const whole = recipeOf(
        { 'train.jsonl': [row(1), { prompt: 'a', completion: 'b' }] },
        { training: { ...quick, lossOn: 'all' } },
      );
      const { finished } = await engine.request('train', { recipe: whole, resume: false });
      assert.ok(finished);
    },
  );
});

test('DoRA with patterns, blocks and LoRA+: trained, stopped and resumed in the same bits, asked in blends, merged into a base alone', async t => {
  const engine = testEngine(t);
  const lora = {
    rank: 4,
    alpha: 8,
    dora: true,
    targets: '.*\\.(q|v|down)_proj',
    layers: [0, 1],
    rankPattern: { v_proj: 2 },
    alphaPattern: { 'layers.1.mlp.down_proj': 3 },
    dropout: 0.1,
  };
  const training = { steps: 4, batchSize: 2, validateEvery: 0, checkpointEvery: 2, loraPlusRatio: 4 };
  const recipe = tinyExperiment({ lora, training });
  await engine.request('train', { recipe, resume: false });
  const folder = join(dirname(recipe), 'runs/tiny/adapters');
  const { modules } = await readAdapter(join(folder, 'math'));
  assert.deepEqual(
    [...modules].map(([path, { A, scaling, magnitude }]) => [path, A.rows, scaling, magnitude!.length > 0]),
    [0, 1].flatMap(block => [
      [`model.layers.${block}.mlp.down_proj`, 4, block === 1 ? 0.75 : 2, true],
      [`model.layers.${block}.self_attn.q_proj`, 4, 2, true],
      [`model.layers.${block}.self_attn.v_proj`, 2, 4, true],
    ]),
  );
  const whole = readFileSync(join(folder, 'math/adapter_model.safetensors'));
  const aborted = new AbortController();
  const stopped = tinyExperiment({ lora, training });
  await engine
    .request(
      'train',
      { recipe: stopped, resume: false },
      {
        signal: aborted.signal,
        onProgress: told => told.kind === 'event' && told.event.type === 'checkpoint' && aborted.abort(),
      },
    )
    .catch(() => {});
  await engine.request('train', { recipe: stopped, resume: true });
  assert.deepEqual(readFileSync(join(dirname(stopped), 'runs/tiny/adapters/math/adapter_model.safetensors')), whole);

  const ask = (weights: Record<string, number>) =>
    engine.request('ask', { recipe, prompt: 'What is 3 + 4?', target: { kind: 'weights', weights } });
  const [{ text: first }, { text: again }] = [await ask({ math: 1 }), await ask({ math: 1 })];
  assert.equal(again, first);
  await ask({ math: 0.5, code: 0.5 });

  await assert.rejects(
    engine.request('merge', { recipe, merge: 'both' }),
    (e: WorkbenchError) => e.code === 'unsupported' && /math is trained with DoRA/.test(e.message),
  );
  const merged = await engine.request('merge', {
    recipe,
    merge: 'both',
    intoBase: true,
    out: join(dirname(recipe), 'full'),
  });
  // The embedded base is stored in half floats.
  assert.ok(merged.relativeError! < 0.02, `${merged.relativeError}`);
  const { bytes } = await engine.request('export', {
    recipe,
    expert: 'math',
    format: 'peft',
    out: join(dirname(recipe), 'peft'),
  });
  assert.ok(bytes > 0);
  assert.deepEqual((await readAdapter(join(dirname(recipe), 'peft'))).modules, modules);
});

test('answers come between two steps of a training, which ends in the same bits', async t => {
  const engine = testEngine(t);
  const training = { steps: 16, batchSize: 2, accumulation: 2, validateEvery: 0, checkpointEvery: 0 };
  const factorsOf = (recipe: string) =>
    readFileSync(join(dirname(recipe), 'runs/tiny/adapters/math/adapter_model.safetensors'));
  const alone = tinyExperiment({ training });
  await engine.request('train', { recipe: alone, resume: false });

  const recipe = tinyExperiment({ training });
  let step = 0;
  const passed: number[] = [];
  const asking: Promise<void>[] = [];
  const ask = async () => {
    const before = step;
    const settings = { maxTokens: 12, temperature: 1, seed: before };
    const { answerTokens } = await engine.request('ask', {
      prompt: 'Count from one to twenty.',
      target: { kind: 'base' },
      settings,
    });
    if (answerTokens === 12) passed.push(step - before);
  };
  await engine.request(
    'train',
    { recipe, resume: false },
    {
      onProgress(told) {
        if (told.kind !== 'event' || told.event.type !== 'step') return;
        step = told.event.step;
        if (step % 4 === 0) asking.push(ask());
      },
    },
  );
  await Promise.all(asking);
  assert.deepEqual(factorsOf(recipe), factorsOf(alone));
  // The step that was under way, and those that were told of since.
  assert.ok(passed.length > 0 && passed.every(steps => steps <= 4), `${passed} steps during answers of 12 tokens`);
});

test('what was begun in one arithmetic goes on in it where the recipe leaves that open, whatever the machine would choose', async t => {
  const engine = testEngine(t);
  const folder = temporaryFolder();
  const recipeWith = (arithmetic: string) =>
    tinyExperiment({ training: { steps: 4, batchSize: 2, validateEvery: 0, checkpointEvery: 2, arithmetic } }, folder);
  const { arithmetic: own } = await engine.request('plan', { recipe: recipeWith('auto') });
  for (const begun of new Set(['float', own])) {
    await engine.request('train', { recipe: recipeWith(begun), resume: false, only: ['math'] });
    await engine.request('train', { recipe: recipeWith('auto'), resume: true, only: ['math'] });
  }
});
