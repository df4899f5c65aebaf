import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineClient } from '../../../src/client/engineClient.ts';
import { recordRun } from '../../../src/engine/runs/recordRun.ts';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { parseRunRecord, type RunRecord } from '../../../src/protocol/runRecord.ts';
import type { TrainEvent } from '../../../src/protocol/trainEvents.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const runFolder = (recipe: string) => join(dirname(recipe), 'runs', 'tiny');
const historyOf = (recipe: string) => join(runFolder(recipe), 'history');

function record(recipe: string, id: string): RunRecord {
  return parseRunRecord(readFileSync(join(historyOf(recipe), id, 'run.json'), 'utf8'))!;
}

function steps(recipe: string, id: string): number[] {
  const lines = readFileSync(join(historyOf(recipe), id, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map(line => JSON.parse(line) as TrainEvent).flatMap(e => (e.type === 'step' ? [e.step] : []));
}

/** Trains until a step has been told; gives the request, which goes on. */
async function trainTo(engine: EngineClient, recipe: string, run: string, step: number, only?: string[]) {
  const { promise: told, resolve } = withResolver();
  const onProgress = (now: EngineProgress<'train'>) =>
    now.kind === 'event' && now.event.type === 'step' && now.event.step === step && resolve();
  const training = engine.request('train', { recipe, run, resume: false, only }, { onProgress });
  await Promise.race([told, training]);
  return { training };
}

function withResolver(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>(done => {
    resolve = done;
  });
  return { promise, resolve };
}

const endless = { steps: 100_000, batchSize: 2, checkpointEvery: 0, validateEvery: 0 };

test('a run that is done: its record and every event, beside its outputs', async t => {
  const recipe = tinyExperiment();
  const told: RunRecord[] = [];
  await testEngine(t).request(
    'train',
    { recipe, run: 'one', resume: false },
    { onProgress: now => now.kind === 'run' && told.push(now.record) },
  );
  const { state, kind, experts, progress, recipe: path, result, learningRates, padding } = record(recipe, 'one');
  assert.deepEqual([state, kind, experts], ['done', 'train', ['math', 'code']]);
  assert.deepEqual(learningRates, { math: 0.0025, code: 0.0025 }, 'the numbers that the recipe leaves to the base');
  assert.ok(padding! >= 0 && padding! < 0.5, `padding of ${padding}`);
  assert.deepEqual(progress, { message: 'training', done: 4, total: 4 });
  assert.equal(path, '../../../../tiny.lora.json', 'relative, so that the workspace can be moved');
  assert.equal(result!.adapters![0]!.adapter, '../../adapters/math');
  assert.equal(told[1]!.result!.adapters![0]!.adapter, join(runFolder(recipe), 'adapters', 'math'));
  assert.deepEqual(steps(recipe, 'one'), [1, 2, 3, 4]);
  assert.deepEqual(
    told.map(r => [r.state, r.recipe]),
    [
      ['running', recipe],
      ['done', recipe],
    ],
  );
});

test('a file named stop ends a training with a checkpoint; resumed, it is the same run', async t => {
  const engine = testEngine(t);
  const recipe = tinyExperiment({ training: { ...endless, steps: 60 } });
  const { training } = await trainTo(engine, recipe, 'one', 5);
  writeFileSync(join(historyOf(recipe), 'one', 'stop'), '');
  assert.equal((await training).finished, false);
  const { startedAt } = record(recipe, 'one');
  assert.equal(record(recipe, 'one').state, 'stopped');
  await engine.request('train', { recipe, run: 'one', resume: true });
  assert.deepEqual([record(recipe, 'one').state, record(recipe, 'one').startedAt], ['done', startedAt]);
  assert.deepEqual(
    steps(recipe, 'one'),
    Array.from({ length: 60 }, (_, i) => i + 1),
    'no step is lost, and none taken twice',
  );
});

test('an engine that is asked to end writes a checkpoint first', async t => {
  const recipe = tinyExperiment({ training: endless });
  const engine = testEngine(t);
  const { training } = await trainTo(engine, recipe, 'one', 5);
  const lost = assert.rejects(training, (e: WorkbenchError) => e.code === 'engineLost');
  await engine.dispose();
  await lost;
  assert.equal(record(recipe, 'one').state, 'interrupted');
  const last = record(recipe, 'one').progress!.done;
  assert.ok(readdirSync(join(runFolder(recipe), 'checkpoints')).includes('math+code.safetensors'));
  assert.ok(last >= 5);
});

test('an expert is trained by one engine at a time; one that died holds nothing', async t => {
  const recipe = tinyExperiment({ training: endless });
  const [first, second] = [testEngine(t), testEngine(t)];
  const { training } = await trainTo(first, recipe, 'one', 1, ['math']);
  await assert.rejects(second.request('train', { recipe, resume: false }), (e: WorkbenchError) => {
    assert.equal(e.code, 'busy');
    assert.match(e.message, new RegExp(`expert 'math' is being trained by another engine, process ${first.pid}`));
    return true;
  });
  const { training: other } = await trainTo(second, recipe, 'two', 1, ['code']);
  other.catch(() => {});
  const lost = assert.rejects(training);
  process.kill(first.pid!, 'SIGKILL');
  await lost;
  const third = testEngine(t);
  const { training: after } = await trainTo(third, recipe, 'three', 1, ['math']);
  after.catch(() => {});
  assert.equal(record(recipe, 'one').state, 'running', 'whoever reads it sees that its process is gone');
});

test('what fails is told in the record; a stop is no failure', async () => {
  const folder = temporaryFolder();
  const run = { kind: 'evaluate', recipe: '/r', output: folder, experts: [] as string[] } as const;
  const call = { signal: new AbortController().signal, progress: () => {} };
  const whole = () => ({ isWhole: true, result: {} });
  const read = (id: string) => parseRunRecord(readFileSync(join(folder, 'history', id, 'run.json'), 'utf8'))!;
  const fails = async () => {
    throw new Error('no room');
  };
  await assert.rejects(recordRun({ ...run, id: 'a' }, call, fails, whole), /no room/);
  assert.deepEqual([read('a').state, read('a').message], ['failed', 'no room']);
  const waits = async ({ signal }: { signal: AbortSignal }) => {
    writeFileSync(join(folder, 'history', 'b', 'stop'), '');
    await delay(60_000, undefined, { signal });
  };
  await assert.rejects(recordRun({ ...run, id: 'b' }, call, waits, whole), { name: 'AbortError' });
  assert.deepEqual([read('b').state, read('b').message], ['stopped', undefined]);
  assert.deepEqual(readdirSync(join(folder, 'history', 'b')), ['run.json']);
  await assert.rejects(recordRun({ ...run, id: '../a' }, call, fails, whole), /is not the identity of a run/);
});

test('the last twenty runs of a recipe are kept', async () => {
  const folder = temporaryFolder();
  const ids = Array.from({ length: 24 }, (_, i) => String(1000 + i));
  for (const id of ids)
    await recordRun(
      { kind: 'evaluate', id, recipe: '/r', output: folder, experts: [] },
      { signal: new AbortController().signal, progress: () => {} },
      async () => {},
      () => ({ isWhole: true, result: {} }),
    );
  assert.deepEqual(readdirSync(join(folder, 'history')).sort(), ids.slice(4));
});
