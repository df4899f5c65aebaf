import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GenerateRow, generate } from '../../../src/engine/runtime/generate.ts';
import { createKvCache } from '../../../src/engine/runtime/kvCache.ts';
import type { Model } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { loadBase } from '../../../src/experiment/base.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { type GenerationSettings, generationSettings } from '../../../src/recipe/schema.ts';
import { characterIds, goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath } from '../../support/goldenFiles.ts';

const row = (
  content: string,
  settings: Partial<GenerationSettings> = {},
  more: Partial<GenerateRow> = {},
): GenerateRow => ({
  messages: [{ role: 'user', content }],
  weights: {},
  settings: generationSettings.parse({ maxTokens: 12, ...settings }),
  ...more,
});

/** A tiny model, and a note of the shape of every run. */
async function openCounted(changes = {}) {
  const model = await openModel(await goldenBase('llama_tied', changes), 1);
  const runs: number[][] = [];
  const counted: Model = {
    ...model,
    run: (tokens, ...rest) => {
      runs.push(tokens.map(t => t.length));
      return model.run(tokens, ...rest);
    },
  };
  return { model: counted, runs };
}

/** The answer token by token from whole-sequence runs without a cache. */
async function argmaxAnswer(model: Model, prompt: string, count: number): Promise<number[]> {
  const ids = characterIds(prompt);
  const answer: number[] = [];
  while (answer.length < count) {
    const all = [...ids, ...answer];
    const logits = await model.run([all], [0], [{}], createKvCache(model.base.config, 1, all.length));
    answer.push(logits.reduce((best, x, i) => (x > logits[best]! ? i : best), 0));
    if (model.base.text().stopIds.includes(answer.at(-1)!)) break;
  }
  return answer;
}

test('greedy generation is the best token of every step', async () => {
  const { model } = await openCounted();
  for (const prompt of ['abc', 'Q7+x', 'zz!']) {
    const expected = await argmaxAnswer(model, prompt, 12);
    const { answers, timings } = await generate(model, [row(prompt)]);
    assert.equal(answers[0]!.text, model.base.text().tokenizer.decode(expected, { skipSpecialTokens: true }));
    assert.deepEqual([answers[0]!.promptTokens, answers[0]!.answerTokens], [prompt.length, expected.length]);
    assert.ok(timings.prefillMs > 0 && timings.decodeMs > 0);
  }
  await model.dispose();
});

test('stories260K writes the story of the reference, and streams what it returns', async () => {
  const model = await openModel(await loadBase(goldenPath('stories260K')), 1);
  const gold = goldenJson('stories260K/golden.json').greedy_from_bos;
  const source = '{{ bos_token }}';
  const text = model.base.text();
  const { createChatTemplate } = await import('../../../src/nn/tokenizer/chatTemplate.ts');
  const plain = {
    ...model,
    base: { ...model.base, text: () => ({ ...text, chatTemplate: createChatTemplate(source) }) },
  };
  const pieces: string[] = [];
  const { answers } = await generate(plain, [
    row('', { maxTokens: gold.new_tokens.length }, { onText: t => pieces.push(t) }),
  ]);
  assert.equal(answers[0]!.text.trimStart(), gold.text);
  assert.equal(pieces.join(''), answers[0]!.text);
  assert.ok(pieces.length > 40, 'it streams');
  assert.deepEqual([answers[0]!.finish, answers[0]!.answerTokens], ['length', 64]);
  await model.dispose();
});

test('rows of a batch answer as they do alone, whatever their lengths, settings and seeds', async () => {
  const { model } = await openCounted();
  const rows = [
    row('abc'),
    row('a longer prompt'.replaceAll(' ', ''), { maxTokens: 3 }),
    row('x', { temperature: 1.5, seed: 4, maxTokens: 20 }),
    row('Hello', { temperature: 0.8, topK: 5, topP: 0.9, repetitionPenalty: 1.3, seed: 9 }),
  ];
  const { answers } = await generate(model, rows);
  for (const [i, r] of rows.entries())
    assert.deepEqual(answers[i], (await generate(model, [r])).answers[0], `row ${i}`);
  await model.dispose();
});

test('the seed decides what is drawn', async () => {
  const { model } = await openCounted();
  const draw = async (seed: number) => (await generate(model, [row('abc', { temperature: 3, seed })])).answers[0]!.text;
  assert.equal(await draw(1), await draw(1));
  assert.notEqual(await draw(1), await draw(2));
  await model.dispose();
});

test('rows that have ended leave the batch when half of it is done', async () => {
  const { model, runs } = await openCounted();
  const lengths = [2, 3, 9, 4];
  const { answers } = await generate(
    model,
    lengths.map((maxTokens, i) => row('abcd'.slice(i), { maxTokens })),
  );
  assert.deepEqual(
    answers.map(a => a.answerTokens),
    lengths,
  );
  // One run of the prompts, then one a token: 4 rows until two have ended, 2 until three have, then one.
  assert.deepEqual(
    runs.map(r => r.length),
    [4, 4, 4, 2, 1, 1, 1, 1, 1],
  );
  assert.deepEqual(runs[0], [4, 3, 2, 1]);
  await model.dispose();
});

test('a stop string and a stop token end an answer and are not part of it', async () => {
  const { model } = await openCounted();
  const whole = (await generate(model, [row('abc')])).answers[0]!.text;
  const stop = whole.slice(4, 6);
  const { answers } = await generate(model, [row('abc', { stop: [stop] })]);
  assert.deepEqual([answers[0]!.text, answers[0]!.finish], [whole.slice(0, whole.indexOf(stop)), 'stop']);
  const [first] = await argmaxAnswer(model, 'abc', 1);
  const stopping = { ...model, base: { ...model.base, text: () => ({ ...model.base.text(), stopIds: [first!] }) } };
  assert.deepEqual((await generate(stopping, [row('abc')])).answers[0], {
    text: '',
    finish: 'stop',
    promptTokens: 3,
    answerTokens: 1,
  });
  await model.dispose();
});

test('cancelling ends within one token and keeps what was written', async () => {
  const { model, runs } = await openCounted();
  const abort = new AbortController();
  let seen = '';
  const onText = (text: string) => {
    seen += text;
    // As a message does that arrives while the engine computes.
    if (seen.length === 3) setImmediate(() => abort.abort());
  };
  const { answers } = await generate(
    model,
    [row('abc', { maxTokens: 100 }, { onText }), row('xyz', { maxTokens: 100 })],
    abort.signal,
  );
  assert.deepEqual(
    answers.map(a => a.finish),
    ['cancelled', 'cancelled'],
  );
  assert.equal(answers[0]!.text, seen);
  assert.equal(seen.length, 3);
  assert.equal(runs.length, 4);
  await model.dispose();
});

test('a signal that is aborted already gives an empty answer', async () => {
  const { model } = await openCounted();
  const { answers } = await generate(model, [row('abc')], AbortSignal.abort());
  assert.deepEqual(answers[0], { text: '', finish: 'cancelled', promptTokens: 3, answerTokens: 0 });
  await model.dispose();
});

test('the context is full: the answer ends, and a prompt without room is refused with both numbers', async () => {
  const { model } = await openCounted({ max_position_embeddings: 16 });
  const prompt = 'abcdefghijklm';
  const { answers } = await generate(model, [row(prompt, { maxTokens: 50 }), row('a', { maxTokens: 2 })]);
  assert.deepEqual([answers[0]!.finish, answers[0]!.answerTokens], ['context', 16 - prompt.length]);
  assert.deepEqual([answers[1]!.finish, answers[1]!.answerTokens], ['length', 2]);
  await assert.rejects(
    generate(model, [row('fits'), row('abcdefghijklmnop')]),
    (e: WorkbenchError) =>
      e.code === 'badRequest' &&
      e.message === "the prompt has 16 tokens; the base's context holds 16 for prompt and answer",
  );
  await model.dispose();
});
