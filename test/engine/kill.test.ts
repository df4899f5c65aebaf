import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readAdapter } from '../../src/experiment/adapterFiles.ts';
import { openExperiment, trainedExperts } from '../../src/experiment/experiment.ts';
import { writeFolderAtomic } from '../../src/experiment/files.ts';
import { ownProcess } from '../../src/experiment/processes.ts';
import { removeStaleFiles, settle, temporaryNames } from '../../src/experiment/removeStaleFiles.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import type { TrainEvent } from '../../src/protocol/trainEvents.ts';
import { engineOf, finished, fromSource, startCli, testEngine } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyExperiment } from '../support/tinyExperiment.ts';

/** Only Linux tells which process is the engine of a command. */
const skip = process.platform !== 'linux';

const training = { steps: 40, batchSize: 2, checkpointEvery: 5, validateEvery: 0 };
const adapterOf = (recipe: string, expert: string) => join(dirname(recipe), 'runs', 'tiny', 'adapters', expert);
const bits = (recipe: string, expert: string) =>
  readFileSync(join(adapterOf(recipe, expert), 'adapter_model.safetensors'));
const leftovers = (recipe: string) =>
  (readdirSync(join(dirname(recipe), 'runs'), { recursive: true }) as string[]).filter(name =>
    /\.(tmp|old)$/.test(name),
  );

/** The recipe trained without being disturbed. */
const expected = tinyExperiment({ training });

before(async () => {
  if (skip) return;
  const engine = testEngine();
  await engine.request('train', { recipe: expected, resume: false });
  await engine.dispose();
});

test('training whose engine is killed goes on by itself and ends in the same bits', { skip }, async () => {
  const recipe = tinyExperiment({ training });
  const child = startCli(['train', recipe, '--json', '--threads', '1']);
  const end = finished(child);
  const steps: number[] = [];
  child.stdout.on('data', text => {
    for (const line of String(text)
      .split('\n')
      .filter(l => l.endsWith('}'))) {
      const event = JSON.parse(line) as TrainEvent;
      if (event.type !== 'step') continue;
      steps.push(event.step);
      if (steps.length === 13) process.kill(engineOf(child.pid!)!, 'SIGKILL');
    }
  });
  const { code, stderr } = await end;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the engine process was ended by SIGKILL/);
  assert.match(stderr, /starting it again and going on from the last checkpoint/);
  assert.equal(steps.at(-1), training.steps);
  const back = steps.findIndex((step, i) => i > 0 && step !== steps[i - 1]! + 1);
  assert.equal(steps[back]! % 5, 1, 'it went on after a checkpoint');
  assert.ok(steps[back]! > 10, 'and not from the beginning');
  for (const expert of ['math', 'code']) assert.ok(bits(recipe, expert).equals(bits(expected, expert)), expert);
  assert.deepEqual(leftovers(recipe), []);
});

test('killed again and again while it writes: nothing is ever half-written, the bits are the same', {
  skip,
}, async t => {
  const recipe = tinyExperiment({ training: { ...training, checkpointEvery: 1 } });
  let kills = 0;
  for (let isDone = false; !isDone; ) {
    const engine = testEngine(t);
    let taken = 0;
    isDone = await engine
      .request(
        'train',
        { recipe, resume: true },
        {
          onProgress: told => {
            // A step is told just before its checkpoint is written; the wait moves the kill through the writing.
            if (told.kind === 'event' && told.event.type === 'step' && ++taken === 6 && kills < 5)
              void delay(kills * 4).then(() => engine.pid && process.kill(engine.pid, 'SIGKILL'));
          },
        },
      )
      .then(
        result => result.finished,
        error => {
          assert.equal((error as WorkbenchError).code, 'engineLost');
          kills++;
          return false;
        },
      );
    await engine.dispose();
    for (const expert of ['math', 'code'])
      if (existsSync(adapterOf(recipe, expert)))
        assert.equal((await readAdapter(adapterOf(recipe, expert))).config.rank, 2);
  }
  assert.equal(kills, 5);
  for (const expert of ['math', 'code']) assert.ok(bits(recipe, expert).equals(bits(expected, expert)), expert);
  assert.deepEqual(leftovers(recipe), []);
});

test('an answer whose engine is killed is given again from where it was', { skip }, async () => {
  // At temperature 10 the base babbles to the end.
  const ask = [
    'ask',
    'Tell me a story',
    '--expert',
    'base',
    '--temperature',
    '10',
    '--seed',
    '5',
    '--max-tokens',
    '250',
  ];
  const whole = await finished(startCli([...ask, '--threads', '1']));
  const child = startCli([...ask, '--stream', '--threads', '1']);
  const end = finished(child);
  child.stdout.once('data', () => process.kill(engineOf(child.pid!)!, 'SIGKILL'));
  const { code, stdout, stderr } = await end;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the engine process was ended by SIGKILL\nstarting it again/);
  assert.equal(stdout, whole.stdout);
});

const dead = 999_999_999;

test('stale files: what the dead left is put away, a folder in replacement is put back, the living and others are left alone', async () => {
  const folder = temporaryFolder();
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const { start } = ownProcess;
  const own = start ? `${process.pid}-${start}` : String(process.pid);
  write(`checkpoint.safetensors.multi-lora-${dead}.0123abcd.tmp`, 'half');
  write(`checkpoint.safetensors.multi-lora-${own}.0123abcd.tmp`, 'being written');
  write(`other.safetensors.${dead}.0123abcd.tmp`, 'of another program');
  write(`a/math.multi-lora-${dead}.0123abcd.old/f`, 'old');
  write(`a/math.multi-lora-${dead}.0123abcd.tmp/f`, 'new and whole');
  write(`a/code.multi-lora-${dead}.0123abcd.old/f`, 'old');
  write('a/code/f', 'new');
  write(`a/qa.multi-lora-${dead}.0123abcd.old/f`, 'old');
  write(`a/b/deep.multi-lora-${dead}.0123abcd.tmp`, 'of a folder that is not asked for');
  // Another process that got the number of the one that wrote it.
  if (start) write(`late.multi-lora-${process.pid}-1.0123abcd.tmp`, 'half');
  await removeStaleFiles(folder);
  await removeStaleFiles(join(folder, 'a'));
  const left = (readdirSync(folder, { recursive: true }) as string[]).sort();
  assert.deepEqual(left, [
    'a',
    'a/b',
    `a/b/deep.multi-lora-${dead}.0123abcd.tmp`,
    'a/code',
    'a/code/f',
    'a/math',
    'a/math/f',
    'a/qa',
    'a/qa/f',
    `checkpoint.safetensors.multi-lora-${own}.0123abcd.tmp`,
    `other.safetensors.${dead}.0123abcd.tmp`,
  ]);
  assert.equal(readFileSync(join(folder, 'a/math/f'), 'utf8'), 'new and whole');
  assert.equal(readFileSync(join(folder, 'a/code/f'), 'utf8'), 'new');
  assert.equal(readFileSync(join(folder, 'a/qa/f'), 'utf8'), 'old');
  await removeStaleFiles(join(folder, 'nowhere'));
});

test('one file or folder: what was left of it goes, by whichever name; one that is just being replaced is waited for', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  for (const name of [
    `math.${dead}.0123abcd.old`,
    `math.multi-lora-${dead}.0123abce.tmp`,
    `mathematics.${dead}.0123abcd.tmp`,
  ])
    mkdirSync(at(name));
  await settle(at('math'));
  assert.deepEqual(readdirSync(folder).sort(), ['math', `mathematics.${dead}.0123abcd.tmp`]);
  const { old } = temporaryNames(at('math'));
  renameSync(at('math'), old);
  let isSettled = false;
  const settled = settle(at('math')).then(() => {
    isSettled = true;
  });
  await delay(60);
  assert.equal(isSettled, false);
  renameSync(old, at('math'));
  await settled;
});

test('killed at any point while it replaces a folder: the next reader finds one that is whole, and nothing else is left', async () => {
  const script = fileURLToPath(new URL('../support/killedWriter.ts', import.meta.url));
  // Two files, then the old folder, then the new one; the fifth time never comes.
  for (const [count, expected] of [
    [1, 'old'],
    [2, 'old'],
    [3, 'old'],
    [4, 'new'],
    [5, 'new'],
  ] as const) {
    const folder = join(temporaryFolder(), 'math');
    await writeFolderAtomic(folder, new Map(['one', 'two'].map(name => [name, 'old'])));
    const { signal, stderr } = spawnSync(process.execPath, [...fromSource, script, folder, String(count)]);
    assert.equal(signal, count === 5 ? null : 'SIGKILL', String(stderr));
    await settle(folder);
    assert.deepEqual(readdirSync(dirname(folder)), ['math'], `killed at ${count}`);
    assert.deepEqual(
      ['one', 'two'].map(name => readFileSync(join(folder, name), 'utf8')),
      [expected, expected],
    );
  }
});

test('an expert whose adapter was just being replaced is trained for whoever opens the recipe', async () => {
  const recipe = tinyExperiment();
  const folder = adapterOf(recipe, 'math');
  const old = `${folder}.multi-lora-${dead}.0123abcd.old`;
  mkdirSync(old, { recursive: true });
  writeFileSync(join(old, 'adapter_config.json'), '{}');
  assert.deepEqual(await trainedExperts(await openExperiment(recipe, '')), ['math']);
  assert.deepEqual(readdirSync(dirname(folder)), ['math']);
});
