import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { EngineClient } from '../../../src/client/engineClient.ts';
import type { EngineParams } from '../../../src/protocol/engine/engineApi.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import type { SweepEvent } from '../../../src/protocol/sweep.ts';
import { testEngine } from '../../support/programs.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';
import { train } from '../../support/train.ts';

const engine = testEngine();
const resultsOf = (recipe: string) => join(dirname(recipe), 'runs', 'tiny');

async function sweep(
  engine: EngineClient,
  params: EngineParams<'sweep'>,
  signal?: AbortSignal,
  hear = (_: SweepEvent) => {},
) {
  const events: SweepEvent[] = [];
  const onProgress = (told: { kind: string; event?: SweepEvent }) => {
    if (told.kind !== 'event') return;
    events.push(told.event!);
    hear(told.event!);
  };
  const result = await engine.request('sweep', params, { signal, onProgress });
  const of = <T extends SweepEvent['type']>(type: T) =>
    events.filter((e): e is Extract<SweepEvent, { type: T }> => e.type === type);
  return { ...result, events, of };
}

test('a grid of rates and ranks: each point once, kept, and the recipe left alone', async t => {
  const recipe = tinyExperiment();
  const grid = { recipe, expert: 'code', rates: [1e-3, 2e-2], ranks: [2, 4], steps: 2 };
  const whole = await sweep(engine, grid);
  const [planned] = whole.of('planned');
  assert.deepEqual(
    [planned!.expert, planned!.points, planned!.done, planned!.trainExamples, planned!.validationExamples],
    ['code', 4, 0, 11, 1],
    'a tenth of the twelve examples is set aside',
  );
  assert.ok(planned!.isSetAside && planned!.seconds! > 0 && planned!.totalBytes! > 1e8);
  const { points, startLoss, validationTokens, autoRate } = whole.sweep;
  assert.deepEqual(
    points.map(p => [p.rank, p.learningRate, p.steps]),
    [
      [2, 1e-3, 2],
      [2, 2e-2, 2],
      [4, 1e-3, 2],
      [4, 2e-2, 2],
    ],
  );
  assert.equal(autoRate, 2.5e-3);
  assert.ok(points.every(p => p.diverged === p.loss > startLoss && p.losses.length === validationTokens.length));
  assert.equal(new Set(points.map(p => p.loss)).size, 4);
  assert.equal(whole.of('step').length, 8);
  assert.deepEqual(readdirSync(resultsOf(recipe)), ['sweeps']);
  assert.ok(existsSync(whole.pagePath) && existsSync(whole.dataPath));

  await t.test('with another rate, that alone is trained; the others are as they were', async () => {
    const more = await sweep(engine, { ...grid, rates: [1e-3, 5e-3], ranks: [2] });
    assert.deepEqual([more.of('planned')[0]!.done, more.of('point').length], [1, 1]);
    assert.equal(more.dataPath, whole.dataPath);
    assert.deepEqual(
      more.sweep.points.filter(p => p.learningRate !== 5e-3),
      points,
    );
  });

  await t.test('other steps are another sweep', async () => {
    const longer = await sweep(engine, { ...grid, rates: [1e-3], ranks: [2], steps: 3 });
    assert.equal(longer.of('planned')[0]!.done, 0);
    assert.notEqual(longer.dataPath, whole.dataPath);
  });

  await t.test('what is no sweep is refused, and stays', async () => {
    writeFileSync(whole.dataPath, '{"mine": true}');
    await assert.rejects(
      sweep(engine, grid),
      (e: WorkbenchError) => e.code === 'badFile' && /the sweep cannot be used/.test(e.message),
    );
    assert.equal(readFileSync(whole.dataPath, 'utf8'), '{"mine": true}');
  });

  await t.test('rates and ranks that cannot be are refused before anything is written', async () => {
    const elsewhere = tinyExperiment({ output: 'out' });
    await assert.rejects(
      sweep(engine, { ...grid, recipe: elsewhere, rates: [2] }),
      (e: WorkbenchError) => e.code === 'badRequest' && /at most 1, got 2/.test(e.message),
    );
    await assert.rejects(
      sweep(engine, { ...grid, recipe: elsewhere, ranks: [2, 1000] }),
      (e: WorkbenchError) => e.code === 'mismatch' && /Rank 1000 does not fit/.test(e.message),
    );
    assert.ok(!existsSync(join(dirname(elsewhere), 'out')));
  });
});

test('a point is the run that the recipe would make of it', async () => {
  const recipe = tinyExperiment({
    training: { learningRate: 1e-2, steps: 3, batchSize: 2, validateEvery: 3, checkpointEvery: 0 },
    experts: { math: { data: { train: 'math.jsonl', validation: 'code.jsonl' } } },
    blends: {},
    merges: {},
    evaluation: {},
  });
  const { of, sweep: made } = await sweep(engine, { recipe, rates: [1e-2], steps: 3 });
  const events = await train(engine, recipe);
  assert.deepEqual(
    of('step').map(e => e.loss),
    events.flatMap(e => (e.type === 'step' ? [e.experts.math!.loss] : [])),
  );
  const validated = events.find(e => e.type === 'validation');
  // One example at a time here, in batches there.
  assert.ok(Math.abs(made.points[0]!.loss - validated!.loss) < 1e-4 * validated!.loss);
  assert.equal(made.validationTokens.length, 12);
  assert.ok(!made.isSetAside);
});

test('a rate that is far too high is told as diverged', async () => {
  const { sweep: made, of } = await sweep(engine, { recipe: tinyExperiment(), rates: [1], steps: 3 });
  assert.ok(made.points[0]!.diverged && !(made.points[0]!.loss <= made.startLoss));
  assert.ok(of('point')[0]!.diverged);
});

test('a sweep that is stopped keeps what it has done, and goes on there', async () => {
  const request = { recipe: tinyExperiment(), rates: [1e-3, 2e-3, 4e-3], steps: 12 };
  const stop = new AbortController();
  const first = await sweep(engine, request, stop.signal, event => {
    if (event.type === 'step' && event.point === 2) stop.abort();
  });
  assert.equal(first.finished, false);
  assert.equal(first.sweep.points.length, 1);
  assert.deepEqual(
    first.of('cancelled').map(e => [e.done, e.points]),
    [[1, 3]],
  );
  const kept = JSON.parse(readFileSync(first.dataPath, 'utf8')) as typeof first.sweep;
  const rest = await sweep(engine, request);
  assert.equal(rest.of('planned')[0]!.done, 1);
  assert.equal(rest.of('point').length, 2);
  assert.deepEqual(rest.sweep.points[0], kept.points[0]);
  assert.ok(rest.finished);
});
