import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEngine } from '../../src/client/engineClient.ts';
import { WorkbenchError } from '../../src/shared/errors.ts';
import { fromSource, isRunning, testEngine } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyExperiment } from '../support/tinyExperiment.ts';

const isLost = (pattern: RegExp) => (e: WorkbenchError) =>
  e instanceof WorkbenchError && e.code === 'engineLost' && pattern.test(e.message);

test('a killed process: its request is lost, listeners hear of it, the next request starts another', async t => {
  const engine = testEngine(t);
  const heard: string[] = [];
  engine.onExit(lost => heard.push(lost.message));
  const [route] = await engine.request('route', { prompts: ['What is 2 + 2?'] });
  assert.ok(route!.weights.math! > 0.5);
  const first = engine.pid!;
  const pending = engine.request('route', { prompts: ['a'] });
  process.kill(first, 'SIGKILL');
  await assert.rejects(pending, isLost(/^the engine process was ended by SIGKILL/));
  assert.deepEqual(heard, ['the engine process was ended by SIGKILL']);
  const [again] = await engine.request('route', { prompts: ['What is 2 + 2?'] });
  assert.deepEqual(again, route);
  assert.notEqual(engine.pid, first);
});

test('exit code and last words of a process that fails are told', async () => {
  const script = join(temporaryFolder(), 'failing.mjs');
  writeFileSync(script, "process.stderr.write('out of luck\\n'); process.exit(3);");
  const engine = startEngine({ enginePath: script, args: [] });
  let asked = 0;
  const retryOnce = () => {
    asked++;
    return {};
  };
  const request = engine.request('doctor', {}, { retryOnce });
  await assert.rejects(request, isLost(/ended with exit code 3\n {2}out of luck$/));
  assert.equal(asked, 1, 'sent once more, and no more than once');
  await engine.dispose();
});

test('a program that is not there', async () => {
  const engine = startEngine({ enginePath: 'x', execPath: '/nowhere/node', args: [] });
  await assert.rejects(engine.request('doctor', {}), isLost(/could not be started/));
  await engine.dispose();
});

test('dispose ends the process', async t => {
  const engine = testEngine(t);
  await engine.request('doctor', {});
  const pid = engine.pid!;
  await engine.dispose();
  assert.equal(isRunning(pid), false);
  await assert.rejects(engine.request('doctor', {}), isLost(/has been ended/));
});

test('a parent killed during training leaves no engine behind', { skip: process.platform !== 'linux' }, async () => {
  const recipe = tinyExperiment({ training: { steps: 100_000, batchSize: 2, validateEvery: 0 } });
  const parent = spawn(process.execPath, [
    ...fromSource,
    fileURLToPath(new URL('../support/trainingParent.ts', import.meta.url)),
    recipe,
  ]);
  const pid = Number(await new Promise(resolve => parent.stdout.once('data', resolve)));
  assert.ok(isRunning(pid));
  parent.kill('SIGKILL');
  const until = Date.now() + 10_000;
  while (isRunning(pid) && Date.now() < until) await delay(50);
  assert.equal(isRunning(pid), false);
});
