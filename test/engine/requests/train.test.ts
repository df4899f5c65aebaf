import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import { cutAnswersCode, type WorkbenchError } from '../../../src/protocol/errors.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { writeJsonLines } from '../../support/tinyExperiment.ts';

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
