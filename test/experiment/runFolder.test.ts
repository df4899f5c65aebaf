import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openRunFolder, recordGone } from '../../src/experiment/runs.ts';
import type { RunRecord } from '../../src/protocol/runRecord.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const workspace = temporaryFolder();

function runFolder(id: string, change: Partial<RunRecord> = {}): string {
  const folder = join(workspace, 'runs', 'a', 'history', id);
  mkdirSync(folder, { recursive: true });
  const now = Date.now();
  const record: RunRecord = {
    id,
    kind: 'train',
    recipe: '../../../../a.lora.json',
    experts: ['math'],
    state: 'running',
    pid: process.pid,
    startedAt: now,
    updatedAt: now,
    ...change,
  };
  writeFileSync(join(folder, 'run.json'), JSON.stringify(record));
  return folder;
}

test('a run goes on while its process lives; without it, it is interrupted', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const cases: [Partial<RunRecord>, RunRecord['state']][] = [
    [{}, 'running'],
    [{ pid: dead }, 'interrupted'],
    [{ pid: dead, state: 'done' }, 'done'],
    [{ updatedAt: Date.now() - recordGone - 1000 }, 'interrupted'],
  ];
  for (const [i, [change, state]] of cases.entries()) {
    const record = await openRunFolder(runFolder(`s${i}`, change)).record();
    assert.equal(record!.state, state, JSON.stringify(change));
    assert.equal(record!.recipe, join(workspace, 'a.lora.json'));
  }
});

test('what is no record is none', async () => {
  const folder = runFolder('bad');
  const cases = ['', '{', 'null', '[]', '{"id":"bad"}', JSON.stringify({ id: 'bad', kind: 'train', state: 'flying' })];
  for (const text of cases) {
    writeFileSync(join(folder, 'run.json'), text);
    assert.equal(await openRunFolder(folder).record(), undefined, text);
  }
  assert.equal(await openRunFolder(join(workspace, 'nowhere')).record(), undefined);
});

test('events are read as they come, whole lines alone, each once', async () => {
  const path = runFolder('events');
  const folder = openRunFolder(path);
  const file = join(path, 'events.jsonl');
  const line = (step: number) => `${JSON.stringify({ type: 'checkpoint', step })}\n`;
  assert.deepEqual(await folder.newEvents(), []);
  writeFileSync(file, line(1) + line(2) + line(3).slice(0, 8));
  assert.deepEqual(
    (await folder.newEvents()).map(e => e.step),
    [1, 2],
  );
  appendFileSync(file, line(3).slice(8));
  assert.deepEqual(
    (await folder.newEvents()).map(e => e.step),
    [3],
  );
  assert.deepEqual(await folder.newEvents(), []);
  appendFileSync(file, `{"type":"st\n${line(4)}`);
  assert.deepEqual(
    (await folder.newEvents()).map(e => e.step),
    [4],
    'a line that was not finished is no event',
  );
  const many = Array.from({ length: 20_000 }, (_, i) => line(i + 5));
  appendFileSync(file, many.join(''));
  assert.deepEqual(
    (await folder.newEvents()).map(e => e.step),
    many.map((_, i) => i + 5),
  );
});

test('asking for a stop leaves a file', async () => {
  const path = runFolder('stop');
  await openRunFolder(path).requestStop('stop');
  assert.deepEqual(readdirSync(path).sort(), ['run.json', 'stop']);
});
