import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEngine } from '../../src/client/engineClient.ts';
import { noTelemetry } from '../../src/protocol/noTelemetry.ts';
import { engineArguments, engineOptions, enginePath, fromSource, testEngine } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyExperiment } from '../support/tinyExperiment.ts';

/** An environment that does not turn telemetry off, of a user whose home is empty. */
function askingForIt() {
  const home = temporaryFolder();
  const off = Object.fromEntries(Object.keys(noTelemetry).map(name => [name, '0']));
  return {
    home,
    env: { ...off, HOME: home, XDG_CACHE_HOME: join(home, '.cache'), MULTI_LORA_CACHE: temporaryFolder() },
  };
}

const tracer = spawnSync('strace', ['-f', '-o', '/dev/null', process.execPath, '--version']);

test('an engine that trains and answers opens no socket to anywhere, and leaves nothing in the home folder', {
  skip: tracer.status !== 0 && 'no strace here, or it may not trace',
}, async t => {
  const { home, env } = askingForIt();
  const trace = join(temporaryFolder(), 'trace');
  const engine = startEngine({
    enginePath,
    execPath: 'strace',
    execArgv: ['-f', '-e', 'trace=network', '-o', trace, process.execPath, ...engineOptions],
    args: engineArguments,
    env,
    failsWhenLost: true,
  });
  t.after(() => engine.dispose());
  const recipe = tinyExperiment();
  await engine.request('train', { recipe, resume: false });
  await engine.request('ask', { recipe, prompt: 'What is 2 + 3?', target: { kind: 'expert', name: 'math' } });
  // The runtime took some ten seconds after its first session to look its maker up.
  await delay(20_000);
  const calls = readFileSync(trace, 'utf8').split('\n');
  assert.ok(calls.length > 1, 'the trace has begun');
  assert.deepEqual(
    calls.filter(call => /\bsocket\((?!AF_UNIX)/.test(call)),
    [],
  );
  assert.deepEqual(readdirSync(home, { recursive: true }), []);
});

test('a process that loads the runtime without the client leaves nothing in the home folder', () => {
  const { home, env } = askingForIt();
  const probe = fileURLToPath(new URL('../../src/engine/devices/deviceProbe.ts', import.meta.url));
  const args = [...fromSource, probe, 'cpu', '1'];
  const { stdout } = spawnSync(process.execPath, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
  assert.match(stdout, /"timing":/);
  assert.deepEqual(readdirSync(home, { recursive: true }), []);
});

test('the client turns it off in the engine’s environment', { skip: process.platform !== 'linux' && 'no /proc' }, t => {
  const engine = testEngine(t);
  const variables = readFileSync(`/proc/${engine.pid}/environ`, 'utf8').split('\0');
  for (const [name, value] of Object.entries(noTelemetry)) assert.ok(variables.includes(`${name}=${value}`));
});
