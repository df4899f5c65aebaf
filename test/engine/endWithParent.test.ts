import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf } from '../support/processes.ts';
import {
  engineArguments,
  engineOf,
  engineOptions,
  enginePath,
  fromSource,
  isRunning,
  startCli,
  testEngine,
} from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyExperiment, writeJsonLines } from '../support/tinyExperiment.ts';

const skip = process.platform !== 'linux' && 'no /proc';

/** Goes on for minutes, and QuickJS asks nobody whether to go on. */
const endless = "new Array(2 ** 32 - 1).join('')";

/** A program of this project that is given as text, and the first line it prints. */
async function startProgram(source: string): Promise<{ child: ChildProcessWithoutNullStreams; line: string }> {
  // A file, because options such as --eval are handed on to what a program starts.
  const program = join(temporaryFolder(), 'program.mjs');
  writeFileSync(program, source);
  const child = spawn(process.execPath, [...fromSource, program]);
  const line = await new Promise<string>(resolve => child.stdout.once('data', text => resolve(String(text).trim())));
  return { child, line };
}

async function waitFor<T>(find: () => T | undefined | false, what: string): Promise<T> {
  for (const until = Date.now() + 120_000; Date.now() < until; await delay(50)) {
    const found = find();
    if (found) return found;
  }
  throw new Error(`waited in vain: ${what}`);
}

const ended = (pids: number[]) => waitFor(() => !pids.some(isRunning), `the end of ${pids.join(', ')}`);

test('an engine whose thread is blocked ends when its client is killed', { skip }, async () => {
  const source = import.meta.resolve('../../src/client/engineClient.ts');
  // A signal blocks the thread for good, as a graph execution does for a while.
  const blocks = 'data:text/javascript,process.once("SIGUSR2",()=>{for(;;);})';
  const options = {
    enginePath,
    execArgv: [...engineOptions, '--import', blocks],
    args: engineArguments,
    failsWhenLost: true,
  };
  const { child, line } = await startProgram(`
    const { startEngine } = await import(${JSON.stringify(source)});
    const engine = startEngine(${JSON.stringify(options)});
    await engine.request('loaded', {});
    console.log(engine.pid);`);
  const pid = Number(line);
  process.kill(pid, 'SIGUSR2');
  await delay(500);
  assert.ok(isRunning(pid));
  child.kill('SIGKILL');
  await ended([pid]);
});

test('a process that grades code ends with the one that started it, in the middle of a call that does not end', {
  skip,
}, async () => {
  const source = import.meta.resolve('../../src/engine/evaluation/codeSandbox.ts');
  const { child } = await startProgram(`
    const { gradeCode } = await import(${JSON.stringify(source)});
    await gradeCode('const f = () => 1;', ['f() === 1']);
    console.log('ready');
    await gradeCode(${JSON.stringify(`const f = () => ${endless};`)}, ['f()'], { timeoutMs: 600_000 });`);
  await delay(500);
  const graders = childrenOf(child.pid!, 'codeGrader');
  assert.equal(graders.length, 1);
  child.kill('SIGKILL');
  await ended(graders);
});

/** An experiment whose set for code comes with tests that do not end. */
async function hostile(): Promise<string> {
  const recipe = tinyExperiment();
  writeJsonLines(join(dirname(recipe), 'hostile.jsonl'), [
    { prompt: 'Write a function.', completion: 'function f() {}', tests: [`${endless} === ''`] },
  ]);
  const { evaluation: _, ...rest } = JSON.parse(readFileSync(recipe, 'utf8'));
  const sets = { code: { data: 'hostile.jsonl', expert: 'code', scorer: 'code' } };
  writeFileSync(recipe, JSON.stringify({ ...rest, evaluation: { sets } }));
  return recipe;
}

test('a stranger’s tests that do not end count as wrong, and Ctrl-C ends an evaluation within them', {
  skip,
}, async t => {
  const recipe = await hostile();
  const engine = testEngine(t);
  await engine.request('train', { recipe, resume: false });
  const { measured } = await engine.request('measure', { recipe, systems: ['base', 'code'], sets: ['code'] });
  assert.deepEqual(
    measured.map(({ score }) => [score.correct, score.total]),
    [
      [0, 1],
      [0, 1],
    ],
  );
  for (const presses of [1, 2]) {
    const child = startCli(['eval', recipe, '--threads', '1', '--device', 'cpu']);
    const exit = new Promise<number | null>(resolve => child.on('exit', resolve));
    const graders = await waitFor(() => {
      const engineId = engineOf(child.pid!);
      const found = engineId ? childrenOf(engineId, 'codeGrader') : [];
      return found.length > 0 && [engineId!, ...found];
    }, 'a process that grades');
    await delay(300);
    for (let i = 0; i < presses; i++) child.kill('SIGINT');
    assert.equal(await exit, 130);
    await ended(graders);
  }
});
