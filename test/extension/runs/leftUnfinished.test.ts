import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openRunFolder } from '../../../src/experiment/runs.ts';
import { isLeftUnfinished } from '../../../src/extension/runs/leftUnfinished.ts';
import type { RunRecord } from '../../../src/protocol/runRecord.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const pause = 20;
const workspace = temporaryFolder();
let next = 1;

/** A run's folder, and what writes its record. */
function run(first: Partial<RunRecord>) {
  const id = `r${next++}`;
  const path = join(workspace, id);
  mkdirSync(path);
  const write = (change: Partial<RunRecord>) => {
    const now = Date.now();
    const record = { id, kind: 'train', recipe: 'a.lora.json', experts: ['a'], startedAt: now, updatedAt: now };
    writeFileSync(join(path, 'run.json'), JSON.stringify({ ...record, state: 'running', ...change }));
  };
  write(first);
  return { folder: openRunFolder(path), write };
}

function startProcess(): ChildProcess & { pid: number } {
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }) as ChildProcess & {
    pid: number;
  };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

test('what was ended in order is left at once; what is done, stopped or no run is not', async () => {
  const of = (change: Partial<RunRecord>) => isLeftUnfinished(run(change).folder, pause);
  assert.equal(await of({ state: 'interrupted', pid: process.pid }), true);
  for (const state of ['done', 'stopped', 'failed'] as const)
    assert.equal(await of({ state, pid: process.pid }), false);
  assert.equal(await isLeftUnfinished(openRunFolder(join(workspace, 'nowhere')), pause), false);
});

test('a run whose process was killed is left, unless another window goes on with it', async t => {
  const [first, second] = [startProcess(), startProcess()];
  t.after(() => [first, second].forEach(child => child.kill('SIGKILL')));
  const { folder, write } = run({ pid: first.pid });
  const left = isLeftUnfinished(folder, pause);
  await kill(first);
  // The other window's client starts its next engine.
  write({ pid: second.pid });
  let isOver = false;
  void left.then(() => {
    isOver = true;
  });
  await delay(20 * pause);
  assert.equal(isOver, false, 'it goes on elsewhere');
  await kill(second);
  assert.equal(await left, true, 'now nobody does');
});
