import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { evaluateRecipe } from '../../../src/engine/evaluation/evaluate.ts';
import { handle as ask } from '../../../src/engine/requests/ask.ts';
import { handle as merge } from '../../../src/engine/requests/merge.ts';
import { handle as routeRequest } from '../../../src/engine/requests/route.ts';
import { handle as score } from '../../../src/engine/requests/score.ts';
import { handle as train } from '../../../src/engine/requests/train.ts';
import { createWorkbench } from '../../../src/engine/workbench/workbench.ts';
import { earliestScore } from '../../../src/experiment/soloScores.ts';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import type { Report } from '../../../src/protocol/report.ts';
import { controlsOf } from '../../../src/report/controls.ts';
import { headlineAccuracy } from '../../../src/report/findings.ts';

const folder = mkdtempSync(join(tmpdir(), 'evaluate-'));
const media = resolve('media');
const workbench = createWorkbench({ mediaFolder: media, threads: 1 });
const progress: string[] = [];
const call = {
  signal: new AbortController().signal,
  progress: (told: EngineProgress<'train'>) => {
    if (told.kind === 'work') progress.push(told.message);
  },
};
const untold = { signal: call.signal, progress() {} };
const general = ['The sky is blue, and the grass is green.', 'A function returns what it computes.', 'Not read.'];
const recipePath = join(folder, 'tiny.lora.json');

before(async () => {
  mkdirSync(join(folder, 'data'));
  const lines = (rows: object[]) => rows.map(r => JSON.stringify(r)).join('\n');
  const math = Array.from({ length: 12 }, (_, i) => ({ question: `What is ${i} + 1?`, answer: `Answer: ${i + 1}` }));
  const code = Array.from({ length: 12 }, (_, i) => ({
    question: `Write a function add${i}(n) that adds ${i}.`,
    answer: `function add${i}(n) { return n + ${i}; }`,
    tests: [`add${i}(5) === ${5 + i}`],
  }));
  writeFileSync(join(folder, 'data/math.jsonl'), lines(math));
  writeFileSync(join(folder, 'data/code.jsonl'), lines(code));
  writeFileSync(join(folder, 'data/general.jsonl'), lines(general.map(text => ({ text }))));
  const recipe = {
    lora: { rank: 2, alpha: 4 },
    training: { steps: 4, batchSize: 4, validateEvery: 0 },
    generation: { maxTokens: 8 },
    experts: {
      math: { domain: 'math', data: { train: 'data/math.jsonl' } },
      code: { domain: 'code', data: { train: 'data/code.jsonl' } },
    },
    merges: { both: { weights: { math: 0.5, code: 0.5 } } },
    evaluation: {
      sets: {
        sums: { data: 'data/math.jsonl', expert: 'math', scorer: 'final', limit: 3 },
        functions: { data: 'data/code.jsonl', expert: 'code', scorer: 'code', limit: 3 },
      },
      sequential: { order: ['math', 'code'], steps: 2 },
      joint: { steps: 2 },
      generalText: { data: 'data/general.jsonl', limit: 2 },
    },
  };
  writeFileSync(recipePath, JSON.stringify(recipe));
  await train(workbench, { recipe: recipePath, only: ['math'], resume: false }, call);
  await evaluateRecipe(workbench, { recipe: recipePath, sets: ['sums'] }, call);
  await train(workbench, { recipe: recipePath, only: ['code'], resume: false }, call);
  await merge(workbench, { recipe: recipePath, merge: 'both' }, untold);
});

after(async () => {
  await workbench.dispose();
  rmSync(folder, { recursive: true });
});

test('a whole evaluation: matrix, exact zero forgetting, merge error, storage, sequential adapter, files; the report before it is kept', async () => {
  const { report, reportPath, htmlPath } = await evaluateRecipe(workbench, { recipe: recipePath }, call);
  const systems = [...new Set(report.scores.map(s => s.system))];
  for (const name of ['base', 'math', 'code', 'routed', 'both'])
    assert.ok(systems.includes(name), `${name} is measured`);
  for (const s of report.scores) {
    assert.equal(s.total, 3);
    assert.equal(s.right!.length, 3);
    assert.equal(s.correct, [...s.right!].filter(each => each === '1').length);
  }
  const scored = (system: string, set: string) => report.scores.find(s => s.system === system && s.set === set)!;
  for (const [set, expert] of [
    ['sums', 'math'],
    ['functions', 'code'],
  ] as const)
    assert.equal(scored('oracle route', set).right, scored(expert, set).right);
  assert.deepEqual(
    report.scores.filter(s => s.kind === 'control').map(s => `${s.system}, ${s.set}`),
    [
      ...['equal weights, sums', 'equal weights, functions'],
      ...['oracle route, sums', 'random route, sums', 'oracle route, functions', 'random route, functions'],
      ...['trained jointly, sums', 'trained jointly, functions'],
      ...['random adapter, sums', 'random adapter, functions'],
    ],
  );

  assert.equal(report.forgetting.gateZeroBitEqual, true);
  assert.equal(report.forgetting.gateZeroDifference, 0);
  assert.ok(report.forgetting.probeTokens > 0);
  assert.match(report.base.hashBefore, /^[0-9a-f]{64}$/);
  assert.equal(report.base.hashBefore, report.base.hashAfter);
  assert.deepEqual(
    report.forgetting.experts.map(x => [x.expert, x.before - x.after]),
    [
      ['math', 0],
      ['code', 0],
    ],
  );
  const sequential = report.forgetting.sequential!;
  assert.deepEqual(sequential.order, ['sums', 'functions']);
  assert.deepEqual(Object.keys(sequential.stages[1]!.correct), ['sums', 'functions']);

  const { losses, ...read } = report.forgetting.generalText!;
  const model = join(media, 'base');
  const items = general.slice(0, 2).map(text => ({ text: `${text}<|im_end|>` }));
  const { items: measured } = await score(workbench, { model, adapters: [], items }, untold);
  const tokens = measured.reduce((sum, item) => sum + item.logProbabilities.length, 0);
  const loss = -measured.reduce((sum, item) => sum + item.total, 0) / tokens;
  assert.deepEqual(read, { data: 'data/general.jsonl', texts: 2, cut: 0, tokens });
  assert.deepEqual(
    losses.map(l => `${l.system} ${l.kind}`),
    ['base base', 'math expert', 'code expert', 'both merge'],
  );
  assert.ok(Math.abs(losses[0]!.loss - loss) < 1e-9, `${losses[0]!.loss} is not ${loss}`);
  for (const { rise, loss: own } of losses) assert.ok(Math.abs(own - losses[0]!.loss - rise) < 1e-9);
  assert.ok(losses.slice(1).every(({ rise, halfWidth }) => rise !== 0 && halfWidth > 0));

  const [merge] = report.merges;
  assert.equal(merge!.method, 'cat');
  assert.ok(merge!.relativeError < 1e-6, `cat is exact, not ${merge!.relativeError}`);

  const { adaptersBytes, baseBytes, fullCopiesBytes, adaptersResident, fullCopiesResident } = report.storage;
  assert.ok(fullCopiesBytes > 1.9 * baseBytes, 'two full copies hold two bases');
  assert.ok(adaptersBytes < baseBytes / 4, 'two adapters of rank 2 are small');
  assert.ok(adaptersResident! > 1e7 && fullCopiesResident! > 1e7);

  const written = JSON.parse(readFileSync(reportPath, 'utf8')) as Report;
  assert.deepEqual(written.scores, JSON.parse(JSON.stringify(report.scores)));
  assert.match(readFileSync(htmlPath, 'utf8'), /^<!doctype html>/i);
  assert.ok(progress.some(m => m.startsWith('one adapter learns')));

  const kept = join(dirname(reportPath), 'reports');
  const [earlier, ...others] = readdirSync(kept);
  assert.deepEqual(others, []);
  const { sets } = JSON.parse(readFileSync(join(kept, earlier!, 'report.json'), 'utf8')) as Report;
  assert.deepEqual(
    sets.map(s => s.name),
    ['sums'],
  );
  assert.match(readFileSync(join(kept, earlier!, 'report.html'), 'utf8'), /^<!doctype html>/i);
});

test('a score is only compared with one of the same factors, before the others were trained', () => {
  const score = (adapterHash: string, trained: string[], correct: number) => ({
    expert: 'a',
    set: 's',
    adapterHash,
    trained,
    correct,
    total: 9,
  });
  const history = [score('x', ['a', 'b'], 5), score('x', ['a'], 4), score('y', ['a'], 1)];
  assert.equal(earliestScore(history, 'a', 's', 'x')?.correct, 4);
  assert.equal(earliestScore(history, 'a', 's', 'z'), undefined);
});

test('a set that the recipe does not have is named, with those it has', async () => {
  await assert.rejects(evaluateRecipe(workbench, { recipe: recipePath, sets: ['sum'] }, call), {
    code: 'notFound',
    message: /no evaluation set 'sum'/,
    hint: 'There are: sums, functions.',
  });
});

test('adapters beside the experts keep to the memory limit, and say what they could not learn', async t => {
  const recipe = JSON.parse(readFileSync(recipePath, 'utf8'));
  const adapters = (name: string) => join('runs', 'tiny', 'adapters', name);
  const sets = { sums: { ...recipe.evaluation.sets.sums, limit: 1 } };
  const write = (name: string, experts: object, evaluation: object) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ ...recipe, experts, merges: {}, evaluation: { sets, ...evaluation } }));
    return path;
  };
  const copied = (name: string, experts: string[]) => {
    for (const expert of experts)
      cpSync(join(folder, adapters(expert)), join(folder, 'runs', name, 'adapters', expert), { recursive: true });
  };
  copied('alone', ['math']);
  const { math } = recipe.experts;
  const alone = write('alone.lora.json', { math, code: { adapter: adapters('code') } }, { joint: {} });
  const { problems, report } = await evaluateRecipe(workbench, { recipe: alone }, call);
  assert.deepEqual(
    problems.map(({ message }) => message),
    ["no adapter was trained jointly: the recipe names no data of 'code'"],
  );
  assert.ok(!report.scores.some(({ system }) => system === 'trained jointly'));
  const small = createWorkbench({ mediaFolder: media, threads: 1, memoryLimit: 200e6 });
  t.after(() => small.dispose());
  const sequential = { order: ['math', 'code'], steps: 1 };
  const limited = write('limited.lora.json', recipe.experts, { sequential });
  copied('limited', ['math', 'code']);
  await assert.rejects(evaluateRecipe(small, { recipe: limited }, call), {
    code: 'outOfMemory',
    message: /training would take .* of memory.*: the limit is 200\.0 MB/,
  });
});

test('gates of tokens are fitted once and kept, answer with their route, and are reported beside the route by prompt', async () => {
  const recipe = JSON.parse(readFileSync(recipePath, 'utf8'));
  const path = join(folder, 'tokens.lora.json');
  const { sets } = recipe.evaluation;
  const mixed = { data: 'data/math.jsonl', scorer: 'final', limit: 2 };
  const own = { output: 'runs/tiny', merges: {}, evaluation: { sets: { ...sets, mixed } } };
  writeFileSync(path, JSON.stringify({ ...recipe, ...own, router: { kind: 'tokens', examples: 8 } }));
  progress.length = 0;
  const target = { kind: 'auto' } as const;
  const prompt = 'What is 3 + 1?';
  const told: EngineProgress<'ask'>[] = [];
  const tell = { signal: call.signal, progress: (each: EngineProgress<'ask'>) => void told.push(each) };
  const answer = await ask(workbench, { recipe: path, target, prompt }, tell);
  const fitted = () => told.filter(each => each.kind === 'work' && each.message === 'fitting the gates of tokens');
  assert.ok(fitted().length > 0);
  assert.deepEqual(Object.keys(answer.weights).sort(), ['code', 'math']);
  assert.ok(answer.weights.math! > 0.7, `${answer.weights.math}`);
  assert.deepEqual(
    told.filter(each => each.kind === 'route').map(each => each.route),
    [answer.route],
  );
  assert.ok(answer.route!.evidence.some(({ expert }) => expert === 'math'));
  assert.ok(answer.route!.evidence.every(({ feature }) => prompt.includes(feature)));
  const [route] = await routeRequest(workbench, { recipe: path, prompts: [prompt] }, untold);
  assert.deepEqual(route, answer.route);

  // Another process finds them where they were kept; what is not ours stays as it is.
  const kept = join(folder, 'runs/tiny/router/tokens.safetensors');
  const bytes = readFileSync(kept);
  told.length = 0;
  const other = createWorkbench({ mediaFolder: media, threads: 1 });
  assert.deepEqual((await ask(other, { recipe: path, target, prompt }, tell)).text, answer.text);
  assert.equal(fitted().length, 0);
  writeFileSync(kept, 'somebody’s');
  const third = createWorkbench({ mediaFolder: media, threads: 1 });
  assert.deepEqual((await ask(third, { recipe: path, target, prompt }, tell)).text, answer.text);
  assert.ok(fitted().length > 0);
  assert.equal(readFileSync(kept, 'utf8'), 'somebody’s');
  writeFileSync(kept, bytes);
  await Promise.all([other.dispose(), third.dispose()]);

  const { report } = await evaluateRecipe(workbench, { recipe: path }, call);
  assert.equal(report.router!.kind, 'tokens');
  assert.equal(report.forgetting.gateZeroBitEqual, true);
  const kinds = new Map(report.scores.map(s => [s.system, s.kind]));
  assert.equal(kinds.get('routed'), 'routed');
  assert.equal(kinds.get('routed by prompt'), 'control');

  // A set that is no expert's is asked of everyone, and counts into nothing that is said of all domains.
  assert.equal(report.sets.find(set => set.name === 'mixed')!.expert, undefined);
  assert.deepEqual(
    new Set(report.scores.filter(s => s.set === 'mixed').map(s => s.system)),
    new Set(report.scores.filter(s => s.system !== 'oracle route' && s.system !== 'random adapter').map(s => s.system)),
  );
  assert.equal(
    report.router!.confusion.flat().reduce((a, b) => a + b),
    6,
  );
  assert.equal(headlineAccuracy(report)!.accuracy.total, 6);
  assert.ok(controlsOf(report));
});

test('Arrow needs no data; without it there is nothing to fit gates to', async () => {
  const recipe = JSON.parse(readFileSync(recipePath, 'utf8'));
  const path = join(folder, 'arrow.lora.json');
  const adapters = Object.keys(recipe.experts).map(name => [name, { adapter: `runs/tiny/adapters/${name}` }]);
  writeFileSync(
    path,
    JSON.stringify({
      experts: Object.fromEntries(adapters),
      router: { kind: 'arrow', topK: 1 },
      generation: { maxTokens: 4 },
    }),
  );
  const { weights } = await ask(
    workbench,
    { recipe: path, target: { kind: 'auto' }, prompt: 'What is 3 + 1?' },
    untold,
  );
  assert.ok(Math.abs(weights.math! + weights.code! - 1) < 1e-5);
  const tokens = { experts: Object.fromEntries(adapters), router: { kind: 'tokens' } };
  writeFileSync(path, JSON.stringify(tokens));
  await assert.rejects(ask(workbench, { recipe: path, target: { kind: 'auto' }, prompt: 'x' }, untold), {
    code: 'badRequest',
    message: /names no data of expert 'math', to which its gates could be fitted/,
  });
});

test('a follow-up is routed as the question before it, and says so', async () => {
  const first = 'What is 3 + 1?';
  const history = [
    { role: 'user' as const, content: first },
    { role: 'assistant' as const, content: 'Answer: 4' },
  ];
  const follow = (prompt: string) =>
    ask(workbench, { recipe: recipePath, target: { kind: 'auto' }, prompt, history }, untold);
  const { weights, route } = await follow('thanks');
  assert.deepEqual(weights, { math: 1 });
  assert.equal(route!.of, first);
  const other = await follow('Write a function add3(n) that adds 3.');
  assert.deepEqual([other.weights, other.route!.of], [{ code: 1 }, undefined]);
});
