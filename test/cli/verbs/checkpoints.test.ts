import assert from 'node:assert/strict';
import test from 'node:test';
import type { EngineResult } from '../../../src/protocol/engine/engineApi.ts';
import { runCli } from '../../support/programs.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

test('checkpoints: listed, gone on from, promoted', async () => {
  const recipe = tinyExperiment();
  const none = await runCli(['checkpoints', recipe]);
  assert.deepEqual([none.code, none.stdout], [0, 'no checkpoints\n']);
  assert.equal((await runCli(['train', recipe, '--json'])).code, 0);
  const list = async () =>
    JSON.parse((await runCli(['checkpoints', recipe, '--json'])).stdout) as EngineResult<'checkpoints'>;
  const { run, checkpoints } = await list();
  assert.deepEqual(
    checkpoints.map(({ step }) => step),
    [4, 2],
  );
  const table = await runCli(['checkpoints', recipe, run!]);
  assert.match(table.stdout, /^run .*\n +step 4 +math: loss [\d.]+, [\d.]+ kB\n +code: loss/);

  const from = await runCli(['train', recipe, '--from', `${run}:2`, '--json']);
  const steps = from.stdout.split('\n').flatMap(line => /"type":"step","step":(\d+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(steps, ['3', '4'], from.stderr);
  assert.notEqual((await list()).run, run, 'another run');
  const wrong = await runCli(['train', recipe, '--from', 'two']);
  assert.match(wrong.stderr, /'two' names no checkpoint/);

  const promoted = await runCli(['checkpoints', recipe, run!, '--promote', 'math', '--step', '2', '--json']);
  assert.match((JSON.parse(promoted.stdout) as EngineResult<'promote'>).previous!, /previous.math$/);
  const gone = await runCli(['checkpoints', recipe, run!, '--promote', 'math', '--step', '3']);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /there is no checkpoint of 'math' at step 3/);
});
