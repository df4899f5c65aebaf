import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readRunRecord } from '../../../src/experiment/runs.ts';
import type { EngineProgress } from '../../../src/protocol/engine/engineApi.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { testEngine } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';
import { scriptInPlaceOfPython, shellInPlaceOfSsh } from '../../support/trainingScript.ts';

const skip = process.platform === 'win32' && 'a shell of POSIX stands in for the other machine';
const home = temporaryFolder();
process.env.MULTI_LORA_SSH = skip ? '' : shellInPlaceOfSsh(home);
const engine = testEngine();

test('a training on another machine is a run here: its events, a stop, and its adapter come home', {
  skip,
}, async () => {
  const recipe = tinyExperiment({ blends: {}, merges: {}, evaluation: {} });
  const python = scriptInPlaceOfPython({ steps: 5, waits: 2 });
  const on = { place: 'ssh:box', python };
  const told: EngineProgress<'trainElsewhere'>[] = [];
  const stop = new AbortController();
  const training = (resume: boolean, onStep = (_: number) => {}) =>
    engine.request(
      'trainElsewhere',
      { recipe, expert: 'math', on, resume },
      {
        signal: stop.signal,
        onProgress(now) {
          told.push(now);
          if (now.kind === 'event' && now.event.type === 'step') onStep(now.event.step);
        },
      },
    );
  const steps = () => told.flatMap(t => (t.kind === 'event' && t.event.type === 'step' ? [t.event.step] : []));
  const runFolder = () => {
    const run = told.findLast(t => t.kind === 'run');
    return run?.kind === 'run' ? run.folder : '';
  };

  const first = await training(false, step => step === 2 && stop.abort());
  assert.equal(first.finished, false);
  assert.equal((await readRunRecord(runFolder()))?.state, 'stopped');
  const adapter = join(dirname(dirname(dirname(runFolder()))), 'tiny/adapters/math');
  assert.ok(!existsSync(adapter));

  const rest = await engine.request(
    'train',
    { recipe, only: ['math'], resume: true, run: runFolder().split(/[\\/]/).at(-1)! },
    { onProgress: now => void told.push(now) },
  );
  assert.equal(rest.finished, true);
  assert.deepEqual(steps(), [1, 2, 3, 4, 5]);
  const record = await readRunRecord(runFolder());
  assert.deepEqual([record?.state, record?.on, record?.experts], ['done', on, ['math']]);
  assert.equal(readdirSync(dirname(runFolder())).length, 1, 'it was one run');
  assert.ok(existsSync(join(adapter, 'adapter_model.safetensors')));
  assert.equal(
    JSON.parse(readFileSync(join(dirname(dirname(adapter)), 'training/math.json'), 'utf8')).curve.train.length,
    5,
  );
  assert.equal(readdirSync(join(home, 'multi-lora/bases')).length, 1);
});

test('what goes wrong there is said, and what is asked wrongly', { skip }, async () => {
  const recipe = tinyExperiment({ blends: {}, merges: {}, evaluation: {} });
  const python = scriptInPlaceOfPython({ steps: 2 });
  const training = (on: { place: string; python?: string }) =>
    engine.request('trainElsewhere', { recipe, expert: 'code', on, resume: true });
  const rejects = (on: { place: string; python?: string }, code: string, text: RegExp) =>
    assert.rejects(training(on), (e: WorkbenchError) => e.code === code && text.test(e.message));
  await rejects({ place: 'ssh:-oX' }, 'badRequest', /no place to train on/);
  await rejects({ place: 'ssh:box', python: 'python; reboot' }, 'badRequest', /no plain command/);
  await rejects({ place: 'ssh:box', python: join(home, 'not-there') }, 'runtime', /ended before its end: .*not found/s);
  // The job is there since; what was begun goes on where the first had failed.
  const jobs = readdirSync(join(home, 'multi-lora')).filter(name => name.startsWith('tiny-'));
  const last = jobs.sort().at(-1)!;
  writeFileSync(join(home, 'multi-lora', last, 'fail'), '');
  await rejects({ place: 'ssh:box', python }, 'runtime', /ended before its end: no GPU here/);
  rmSync(join(home, 'multi-lora', last, 'fail'));
  assert.equal((await training({ place: 'ssh:box', python })).finished, true);
});
