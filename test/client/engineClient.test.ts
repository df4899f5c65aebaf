import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEngine, tellOnce } from '../../src/client/engineClient.ts';
import { mostEnds } from '../../src/client/restartPolicy.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { engineArguments, engineOptions, enginePath, fromSource, isRunning, testEngine } from '../support/programs.ts';
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
  const onRestart = () => {
    asked++;
  };
  const request = engine.request('doctor', {}, { onRestart });
  await assert.rejects(request, isLost(/ended with exit code 3\n {2}out of luck$/));
  assert.equal(asked, 1, 'sent once more, and no more than once');
  await engine.dispose();
});

test('a program that ends again and again is started five times, and no sixth', async () => {
  const folder = temporaryFolder();
  const script = join(folder, 'failing.mjs');
  writeFileSync(script, "import { appendFileSync } from 'node:fs'; appendFileSync('starts', '1'); process.exit(3);");
  writeFileSync(join(folder, 'run.mjs'), `process.chdir(${JSON.stringify(folder)}); await import('./failing.mjs');`);
  const engine = startEngine({ enginePath: join(folder, 'run.mjs'), args: [] });
  const told: string[] = [];
  // As an editor that goes on asking.
  for (let i = 0; i < 6; i++)
    await engine.request('doctor', {}).catch(error => told.push(`${error.message} ${error.hint}`));
  assert.equal(readFileSync(join(folder, 'starts'), 'utf8').length, mostEnds);
  assert.match(told[5]!, /^the engine process ended 5 times within a minute; last: .* exit code 3/);
  assert.match(told[5]!, /A minute later it can be started again\./);
  await engine.dispose();
});

test('a process that ends within a message keeps nobody waiting', async () => {
  const program = join(temporaryFolder(), 'half.mjs');
  writeFileSync(program, "process.stdout.write('Content-Length: 100\\r\\n\\r\\nhalf', () => process.exit(3));");
  const source = import.meta.resolve('../../src/client/engineProcess.ts');
  const parent = `
    const { startEngineProcess } = await import(${JSON.stringify(source)});
    const engine = startEngineProcess({ enginePath: ${JSON.stringify(program)}, args: [] });
    console.log((await engine.gone).message);`;
  const args = [...fromSource, '--input-type=module', '--eval', parent];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  assert.equal(stdout, 'the engine process ended with exit code 3\n');
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

test('an engine has the priority it is given', async () => {
  const priority = constants.priority.PRIORITY_LOW;
  const engine = startEngine({ enginePath, execArgv: engineOptions, args: engineArguments, priority });
  assert.equal(getPriority(engine.pid!), priority);
  await engine.dispose();
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
  const until = Date.now() + 180_000;
  while (isRunning(pid) && Date.now() < until) await delay(50);
  assert.equal(isRunning(pid), false);
});

test('an answer that begins anew is told once, wherever the pieces are cut; other progress is told as it comes', () => {
  const told: unknown[] = [];
  const once = tellOnce<{ kind: string; text?: string }>(progress => told.push(progress.text ?? progress.kind))!;
  const say = (text: string) => once.tell({ kind: 'text', text });
  once.tell({ kind: 'route' });
  say('one ');
  say('two ');
  once.restarted();
  once.tell({ kind: 'route' });
  for (const piece of ['one', ' tw', 'o th', 'ree']) say(piece);
  once.tell({ kind: 'work' });
  assert.deepEqual(told, ['route', 'one ', 'two ', 'th', 'ree', 'work']);

  told.length = 0;
  const other = tellOnce<Record<string, unknown>>(({ text, call }) => told.push(String(text ?? call)))!;
  const sayAll = () => {
    for (const answer of [0, 1]) {
      for (const kind of ['reasoning', 'text']) other.tell({ kind, answer, text: `${kind} ${answer}` });
      for (const call of [0, 1]) other.tell({ kind: 'toolCall', answer, call });
    }
  };
  sayAll();
  const [...first] = told;
  assert.equal(first.length, 8);
  other.restarted();
  sayAll();
  assert.deepEqual(told, first, 'of each answer, its reasoning and its calls as well');
});

test('so are several answers at once, and calls of tools, each by itself', () => {
  const told: unknown[] = [];
  type Piece = { kind: string; answer: number; text?: string; call?: number; name?: string; arguments?: string };
  const once = tellOnce<Piece>(({ answer, name, ...piece }) =>
    told.push([answer, name, piece.text ?? piece.arguments].filter(part => part !== undefined).join(' ')),
  )!;
  const begin = () => {
    once.tell({ kind: 'text', answer: 0, text: 'one' });
    once.tell({ kind: 'toolCall', answer: 1, call: 0, name: 'add', arguments: '' });
    once.tell({ kind: 'text', answer: 1, text: 'two' });
    once.tell({ kind: 'toolCall', answer: 1, call: 0, arguments: '{"a"' });
  };
  begin();
  once.restarted();
  begin();
  once.tell({ kind: 'toolCall', answer: 1, call: 0, arguments: ':1}' });
  once.tell({ kind: 'toolCall', answer: 1, call: 1, name: 'add', arguments: '' });
  assert.deepEqual(told, ['0 one', '1 add ', '1 two', '1 {"a"', '1 :1}', '1 add ']);
});
