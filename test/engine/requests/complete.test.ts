import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { EngineClient } from '../../../src/client/engineClient.ts';
import { answerSet, modelAnswerer } from '../../../src/engine/evaluation/answerSet.ts';
import { checkGaps, loadSets } from '../../../src/engine/evaluation/loadSets.ts';
import { handle } from '../../../src/engine/requests/complete.ts';
import { modelLane } from '../../../src/engine/requests/lanes.ts';
import type { Weights } from '../../../src/engine/runtime/adapterBank.ts';
import { giveWay } from '../../../src/engine/runtime/precedence.ts';
import { createWorkbench } from '../../../src/engine/workbench/workbench.ts';
import { loadBase } from '../../../src/experiment/base.ts';
import type { CompleteProgress, CompleteRequest } from '../../../src/protocol/engine/completing.ts';
import type { Target } from '../../../src/protocol/target.ts';
import { generationSettings } from '../../../src/recipe/schema.ts';
import { adapterFolder } from '../../support/adapterFolder.ts';
import { fillBase } from '../../support/fillTokenizer.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment, writeJsonLines } from '../../support/tinyExperiment.ts';

const layers = Object.fromEntries(
  [0, 1, 2, 3].flatMap(layer =>
    (['q_proj', 'o_proj'] as const).map(name => [`model.layers.${layer}.self_attn.${name}`, [256, 256]]),
  ),
) as Record<string, [number, number]>;

const folders = [1, 2, 3].map(seed => adapterFolder(layers, { seed, size: 0.5, rank: 2 + seed }));
const adapters = { one: folders[0]!, two: folders[1]! };

const chat = (content: string): CompleteRequest['input'] => ({ kind: 'chat', messages: [{ role: 'user', content }] });
const expert = (name: string): Target => ({ kind: 'expert', name });

function complete(
  engine: EngineClient,
  request: Partial<CompleteRequest>,
  told?: (progress: CompleteProgress) => void,
) {
  return engine.request(
    'complete',
    { target: { kind: 'base' }, input: chat('What is 3 + 4?'), settings: { maxTokens: 24 }, ...request },
    { onProgress: told ?? (() => {}) },
  );
}

test('requests at once, of the base, experts and blends, are each answered as alone; a text is never read with another’s gates', async t => {
  const question = 'Emma is in the park. Ben is at the school. Where is Emma, and where is Ben?';
  const targets: Target[] = [
    { kind: 'base' },
    expert('one'),
    expert('two'),
    { kind: 'weights', weights: { one: 0.5, two: 0.5 } },
    { kind: 'weights', weights: { one: 0.5, two: -0.5 } },
  ];
  const requests = targets.flatMap((target, i) => [
    { target, adapters, input: chat(question), settings: { maxTokens: 8 + 5 * i } },
    {
      target,
      adapters,
      input: chat(`${question} Say it again.`),
      settings: { maxTokens: 30 - 5 * i, temperature: 0.8, seed: i },
    },
  ]);
  const alone: string[] = [];
  const first = testEngine(t);
  for (const request of requests) alone.push((await complete(first, request)).answers[0]!.text);
  await first.dispose();
  assert.ok(new Set(alone).size > 5, 'the experts answer differently');
  const engine = testEngine(t);
  for (let round = 0; round < 2; round++) {
    const results = await Promise.all(requests.map(request => complete(engine, request)));
    assert.deepEqual(
      results.map(r => r.answers[0]!.text),
      alone,
    );
    if (round > 0) for (const { cachedTokens, promptTokens } of results) assert.equal(cachedTokens, promptTokens - 1);
  }
});

test('an adapter that takes the place of another under its name answers from its own factors, as does what comes after it was gone', async t => {
  const engine = testEngine(t);
  const place = join(temporaryFolder(), 'adapter');
  const put = (folder: string) => {
    rmSync(place, { recursive: true, force: true });
    cpSync(folder, place, { recursive: true });
  };
  const ask = async (name: string, folder: string) => {
    const request = { adapters: { [name]: folder }, target: expert(name), logprobs: 0, settings: { maxTokens: 20 } };
    const [answer] = (await complete(engine, request)).answers;
    // Keys and values of another adapter may give the same words.
    return [answer!.text, ...answer!.logprobs!.map(each => each.logprob.toFixed(3))].join(' ');
  };
  const own: string[] = [];
  for (const [i, folder] of folders.entries()) own.push(await ask(`own${i}`, folder));
  assert.equal(new Set(own).size, 3);
  for (const i of [0, 1, 2, 0]) {
    put(folders[i]!);
    const [first, ...others] = await Promise.all([ask('x', place), ask('x', place), ask('x', folders[(i + 1) % 3]!)]);
    assert.deepEqual([first, ...others], [own[i], own[i], own[(i + 1) % 3]]);
  }
  await assert.rejects(complete(engine, { target: expert('x'), adapters: { y: folders[0]! } }), { code: 'notFound' });
  await assert.rejects(complete(engine, { target: expert('x'), adapters: { x: temporaryFolder() } }), {
    code: 'notFound',
  });
});

test('several answers have seeds of their own; probabilities come with their tokens', async t => {
  const engine = testEngine(t);
  const told: CompleteProgress[] = [];
  const settings = { maxTokens: 10, temperature: 1, seed: 5 };
  const { answers } = await complete(engine, { count: 3, logprobs: 2, settings }, progress => told.push(progress));
  assert.equal(answers.length, 3);
  for (const [i, { text, logprobs, answerTokens, finish }] of answers.entries()) {
    const alone = await complete(engine, { settings: { ...settings, seed: 5 + i } });
    assert.equal(alone.answers[0]!.text, text);
    const pieces = told.filter(p => p.kind === 'text' && p.answer === i);
    assert.equal(pieces.map(p => (p.kind === 'text' ? p.text : '')).join(''), text);
    assert.equal(logprobs!.length, answerTokens - (finish === 'stop' ? 1 : 0));
    for (const { logprob, top } of logprobs!) {
      assert.equal(top.length, 2);
      assert.ok(top[0]!.logprob >= top[1]!.logprob && top[0]!.logprob >= logprob && logprob <= 0);
      assert.ok(Math.exp(top[0]!.logprob) + Math.exp(top[1]!.logprob) <= 1 + 1e-6);
    }
  }
});

test('a text goes on without the chat template; a prompt without room and a cancellation end their own request alone', async t => {
  const engine = testEngine(t);
  const abort = new AbortController();
  const endless = engine.request(
    'complete',
    {
      target: { kind: 'base' },
      input: chat('Say a word'),
      settings: { maxTokens: 1000, temperature: 5, stop: ['\u0000'] },
    },
    { signal: abort.signal, onProgress: ({ kind }) => kind === 'text' && abort.abort() },
  );
  const [text, long] = await Promise.allSettled([
    complete(engine, { input: { kind: 'text', text: 'function add(a, b) {\n  return' } }),
    complete(engine, { input: { kind: 'text', text: 'word '.repeat(5000) } }),
  ]);
  assert.ok(text.status === 'fulfilled' && text.value.answers[0]!.text.length > 0);
  assert.ok(long.status === 'rejected' && /the prompt has \d+ tokens/.test(long.reason.message));
  const { answers } = await endless;
  assert.ok(['cancelled', 'stop'].includes(answers[0]!.finish), answers[0]!.finish);
});

test('answers that are held to a schema fit it, each of several by itself; what cannot be held to is refused', async t => {
  const engine = testEngine(t);
  const schema = {
    type: 'object',
    properties: { place: { enum: ['park', 'school'] }, count: { type: 'integer', minimum: 1, maximum: 12 } },
    required: ['place', 'count'],
    additionalProperties: false,
  };
  const settings = { maxTokens: 60, temperature: 1.5 };
  const { answers } = await complete(engine, { count: 4, format: { kind: 'schema', schema }, settings });
  for (const { text, finish } of answers) {
    assert.match(text, /^\{"place": ?"(park|school)", ?"count": ?([1-9]|1[0-2])\}$/);
    assert.equal(finish, 'stop');
  }
  await assert.rejects(complete(engine, { format: { kind: 'schema', schema: { not: {} } } }), { code: 'unsupported' });
});

test('a gap is filled after the prompt that the base has learned; a base without tokens for it is refused', async t => {
  const engine = testEngine(t);
  const gap = { prefix: 'function add(a, b) {\n  return ', suffix: ';\n}\n' };
  await assert.rejects(complete(engine, { input: { kind: 'fill', ...gap } }), {
    code: 'unsupported',
    message: /no tokens for filling a gap/,
    hint: /Qwen2\.5-Coder/,
  });
  const base = fillBase();
  const filled = await complete(engine, { base, input: { kind: 'fill', ...gap } });
  const text = `<|fim_prefix|>${gap.prefix}<|fim_suffix|>${gap.suffix}<|fim_middle|>`;
  const written = await complete(engine, { base, input: { kind: 'text', text } });
  assert.equal(filled.promptTokens, written.promptTokens);
  assert.equal(filled.answers[0]!.text, written.answers[0]!.text);
  const [alone, filling] = await Promise.all([engine.request('describe', {}), engine.request('describe', { base })]);
  assert.deepEqual([alone.base.fills, filling.base.fills], [false, true]);
});

test('an expert that learned gaps fills them, and is scored by that', async t => {
  const engine = testEngine(t);
  const embedded = await loadBase('media/base');
  const recipe = tinyExperiment({
    base: fillBase(),
    experts: { code: { data: { train: 'gaps.jsonl' } } },
    ...{ blends: {}, merges: {} },
    lora: { rank: 8, targets: ['q_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] },
    training: { steps: 20, batchSize: 1, learningRate: 0.01, validateEvery: 0 },
    evaluation: { sets: { gaps: { data: 'gaps.jsonl', expert: 'code', scorer: 'line' } } },
  });
  const gap = { prefix: 'let sum = ', suffix: ';\nlog(sum);\n' };
  writeJsonLines(join(dirname(recipe), 'gaps.jsonl'), [{ ...gap, middle: 'one + two' }]);
  await engine.request('train', { recipe, only: ['code'], resume: false });
  const { answers } = await complete(engine, {
    ...{ recipe, target: expert('code'), input: { kind: 'fill', ...gap } },
  });
  assert.deepEqual([answers[0]!.text, answers[0]!.finish], ['one + two', 'stop']);
  const workbench = createWorkbench({ mediaFolder: 'media', threads: 1 });
  t.after(() => workbench.dispose());
  const open = await workbench.open(recipe);
  await open.load(['code']);
  const [set] = await loadSets(open.experiment);
  checkGaps(open.model.base, [set!]);
  assert.throws(() => checkGaps(embedded, [set!]), {
    code: 'unsupported',
    message: /^gaps\.jsonl has gaps.*no tokens/,
  });
  const { signal } = new AbortController();
  const settings = generationSettings.parse({ maxTokens: 12 });
  const right = async (weights: Weights) => {
    const [answer] = await answerSet(modelAnswerer(open.model), set!, () => weights, settings, 1, { signal });
    return answer!.correct;
  };
  assert.deepEqual([await right({}), await right({ code: 1 })], [false, true]);
});

test('work that holds the model and gives way goes on while a request waits for the model', async () => {
  const workbench = createWorkbench({ mediaFolder: 'media', threads: 1 });
  const { signal } = new AbortController();
  let isAsked = () => {};
  const asked = new Promise<void>(resolve => {
    isAsked = resolve;
  });
  const long = modelLane.run(async () => {
    await asked;
    await giveWay();
  }, signal);
  const request = { base: temporaryFolder(), target: { kind: 'base' }, input: { kind: 'text', text: 'x' } } as const;
  const answer = handle(workbench, request, { signal, progress() {} });
  setTimeout(isAsked, 50);
  await assert.rejects(answer, { name: 'WorkbenchError' });
  await long;
});
