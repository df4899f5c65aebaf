import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readRunRecord } from '../../../src/experiment/runs.ts';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const engine = testEngine();
const step = (n: number) => ({
  type: 'step',
  step: n,
  steps: 2,
  experts: { math: { loss: 3 - n, learningRate: 0.001, gradientNorm: null } },
  tokensPerSecond: 1,
  secondsLeft: 0,
  residentBytes: 1,
});

test('what a script wrote elsewhere becomes a run with its events, while they still come, and with its adapter', async () => {
  const recipe = tinyExperiment({ blends: {}, merges: {}, evaluation: {} });
  const job = join(temporaryFolder(), 'job');
  await engine.request('exportTraining', { recipe, only: ['math'], to: 'trl', out: job });
  const { baseHash } = JSON.parse(readFileSync(join(job, 'job.json'), 'utf8'));
  const results = join(job, 'results/math');
  const wanted = { recipe, folder: results, expert: 'math', follow: false };
  await assert.rejects(engine.request('importRun', wanted), (e: WorkbenchError) => e.code === 'notFound');

  mkdirSync(results, { recursive: true });
  const append = (event: object) => appendFileSync(join(results, 'events.jsonl'), `${JSON.stringify(event)}\n`);
  append(step(1));
  // A line that is still being written.
  appendFileSync(join(results, 'events.jsonl'), '{"type":');
  assert.equal((await engine.request('importRun', wanted)).finished, false);
  writeFileSync(join(results, 'events.jsonl'), '');
  append(step(1));

  const done = { expert: 'math', baseHash, trainExamples: 12, step: 2, tokens: 99, best: { loss: 0.5, step: 2 } };
  writeFileSync(join(results, 'done.json'), JSON.stringify({ ...done, baseHash: 'another' }));
  cpSync(join(job, 'experts/math/start'), join(results, 'adapter'), { recursive: true });
  const told: EngineProgress<'importRun'>[] = [];
  const follow = () =>
    engine.request(
      'importRun',
      { ...wanted, follow: true },
      {
        onProgress(now) {
          told.push(now);
          if (now.kind !== 'event' || now.event.type !== 'step' || now.event.step !== 1) return;
          append(step(2));
          append({ type: 'trained', step: 2 });
        },
      },
    );
  await assert.rejects(follow(), (e: WorkbenchError) => e.code === 'mismatch' && /another base/.test(e.message));
  writeFileSync(join(results, 'done.json'), JSON.stringify(done));
  told.length = 0;
  const { finished, experts } = await engine.request(
    'importRun',
    { ...wanted, follow: true },
    { onProgress: now => void told.push(now) },
  );
  assert.ok(finished);
  assert.deepEqual(
    told.flatMap(t => (t.kind === 'event' ? [t.event.type] : [])),
    ['step', 'step', 'trained'],
  );
  const run = told.findLast(t => t.kind === 'run');
  assert.equal(run?.kind === 'run' && (await readRunRecord(run.folder))?.state, 'done');
  assert.ok(existsSync(join(experts[0]!.adapter, 'adapter_model.safetensors')));
  const record = JSON.parse(readFileSync(join(dirname(dirname(experts[0]!.adapter)), 'training/math.json'), 'utf8'));
  assert.deepEqual([record.baseHash, record.best, record.curve.train.length], [baseHash, done.best, 2]);
});
