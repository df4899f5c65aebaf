import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { experimentPaths } from '../../src/experiment/paths.ts';
import { openRunFolder, openRunRecord, readRunRecord } from '../../src/experiment/runs.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import type { RunRecord, RunResult } from '../../src/protocol/runRecord.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const output = '../results of it';

/** A workspace with a recipe and the results of a run, whose record is closed. */
async function recorded(resultOf: (paths: ReturnType<typeof experimentPaths>) => RunResult) {
  const workspace = join(temporaryFolder(), 'old');
  const recipe = join(workspace, 'recipes', 'a.lora.json');
  const paths = experimentPaths(recipe, { output });
  const opened = await openRunRecord(paths, { id: 'one', kind: 'evaluate', recipe, experts: [] });
  writeFileSync(paths.report, 'old');
  writeFileSync(paths.reportPage, 'old');
  mkdirSync(paths.trainedAdapter('math'), { recursive: true });
  opened.record.state = 'done';
  opened.record.result = resultOf(paths);
  await opened.write();
  return { workspace, recipe, paths, folder: opened.paths.folder };
}

const whole = (paths: ReturnType<typeof experimentPaths>): RunResult => ({
  adapters: [{ name: 'math', adapter: paths.trainedAdapter('math') }],
  reportPath: paths.report,
  htmlPath: paths.reportPage,
});

const isDone = { state: 'done', isGone: false };

test('a run whose workspace was moved or copied has its paths there', async () => {
  const { workspace, recipe, paths, folder } = await recorded(whole);
  assert.deepEqual(pick(await openRunFolder(folder).record()), { ...isDone, recipe, result: whole(paths) });
  const moved = join(dirname(workspace), 'new');
  const there = (path: string) => path.replace(workspace, moved);
  for (const bring of [renameSync, (from: string, to: string) => cpSync(to, from, { recursive: true })]) {
    bring(workspace, moved);
    const record = await openRunFolder(there(folder)).record();
    const result = whole(experimentPaths(there(recipe), { output }));
    assert.deepEqual(pick(record), { ...isDone, recipe: there(recipe), result });
    assert.ok(existsSync(record!.result!.reportPath!));
  }
  const text = readFileSync(join(there(folder), 'run.json'), 'utf8');
  assert.ok(!text.includes(dirname(workspace)), text);
  assert.doesNotMatch(text, /\\/);
});

test('absolute paths of older records: a moved or copied workspace speaks of its own files, else of those that were named', async () => {
  const { workspace, paths, folder } = await recorded(whole);
  const file = join(folder, 'run.json');
  const json = JSON.parse(readFileSync(file, 'utf8'));
  const copy = join(dirname(workspace), 'copy');
  const result = whole(paths);
  writeFileSync(file, JSON.stringify({ ...json, result }));
  assert.deepEqual((await readRunRecord(folder))!.result, result);
  cpSync(workspace, copy, { recursive: true });
  const now = folder.replace(workspace, copy);
  const own = whole(experimentPaths(join(copy, 'recipes', 'a.lora.json'), { output }));
  assert.deepEqual((await readRunRecord(now))!.result, own, 'though the old place is still there');
  rmSync(own.reportPath!);
  assert.equal(
    (await readRunRecord(now))!.result!.reportPath,
    result.reportPath,
    'what is not here is named as it was',
  );
  writeFileSync(join(now, 'run.json'), JSON.stringify({ ...json, result: { ...result, htmlPath: 'C:\\a\\b.html' } }));
  assert.equal((await readRunRecord(now))!.result!.htmlPath, own.htmlPath, 'of another system');
});

test('a record that breaks its form is none', async () => {
  const { folder } = await recorded(whole);
  const json = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));
  const broken = { adapters: [null, { name: 'a' }, 7], reportPath: 1, htmlPath: null };
  for (const result of [broken, 7, 'x', null, []]) {
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...json, result }));
    assert.equal(await readRunRecord(folder), undefined, JSON.stringify(result));
  }
});

test('a run that goes on keeps its beginning, forgets what was asked of it, and the oldest runs make way', async () => {
  const paths = experimentPaths(join(temporaryFolder(), 'a.json'));
  const run = { id: '0100', kind: 'train', recipe: '/a.json', experts: ['a'] } as const;
  const first = await openRunRecord(paths, { ...run, experts: ['a'] });
  first.record.startedAt = 5;
  first.record.progress = { message: 'training', done: 1, total: 2 };
  await first.write();
  first.append({ type: 'checkpoint', step: 1 } as never);
  await openRunFolder(first.paths.folder).requestStop('pause');
  assert.equal(first.stopWish(), 'pause');
  const again = await openRunRecord(paths, { ...run, experts: ['a'] });
  assert.deepEqual([again.record.startedAt, again.record.progress!.done, again.stopWish()], [5, 1, undefined]);
  assert.equal((await openRunFolder(first.paths.folder).newEvents()).length, 1);
  writeFileSync(again.paths.stop, '');
  assert.equal(again.stopWish(), 'stop', 'an empty file is enough');
  again.record.state = 'stopped';
  await again.write();
  for (let i = 200; i < 220; i++) await ended(paths, { ...aRun, id: `0${i}` });
  const last = await openRunRecord(paths, { ...run, id: undefined, experts: ['a'] });
  const kept = readdirSync(paths.history);
  assert.deepEqual([kept.length, kept.includes('0100'), kept.includes(last.record.id)], [20, false, true]);
});

const aRun: Pick<RunRecord, 'kind' | 'recipe' | 'experts'> = { kind: 'train', recipe: '/a.json', experts: ['a'] };

/** A run that is done, with events and a checkpoint. */
async function ended(paths: ReturnType<typeof experimentPaths>, run: typeof aRun & { id: string }) {
  const opened = await openRunRecord(paths, run);
  opened.append({ type: 'checkpoint', step: 1 } as never);
  mkdirSync(opened.paths.checkpoints, { recursive: true });
  writeFileSync(opened.paths.checkpoint(1), 'numbers');
  opened.record.state = 'done';
  await opened.write();
  return opened;
}

test('no run makes way that an engine is at, that another recipe has, or that is none', async () => {
  const paths = experimentPaths(join(temporaryFolder(), 'a.json'));
  const running = await openRunRecord(paths, { ...aRun, id: '0001' });
  await running.write();
  await ended(paths, { ...aRun, id: '0002', recipe: '/b.json' });
  const another = join(paths.history, '0003');
  for (const [name, text] of [
    ['0003', 'mine'],
    ['0004', '{"id": "0004", "state": "done"}'],
    ['0005', readFileSync(join(paths.history, '0002', 'run.json'), 'utf8')],
  ] as const) {
    mkdirSync(join(paths.history, name));
    writeFileSync(join(paths.history, name, 'run.json'), text);
  }
  mkdirSync(join(paths.history, 'thesis', 'chapter'), { recursive: true });
  const outside = temporaryFolder();
  writeFileSync(join(outside, 'run.json'), readFileSync(join(paths.history, '0002', 'run.json')));
  symlinkSync(outside, join(paths.history, '0006'));
  // Its engine may be one of another machine.
  const elsewhere = await openRunRecord(paths, { ...aRun, id: '0007' });
  Object.assign(elsewhere.record, { pid: 999_999_999 });
  await elsewhere.write();
  const before = readdirSync(paths.history).sort();
  const first = await ended(paths, { ...aRun, id: '0100' });
  writeFileSync(join(first.paths.folder, 'notes.txt'), 'mine');
  await ended(paths, { ...aRun, id: '0101' });
  for (let i = 200; i < 225; i++) await ended(paths, { ...aRun, id: `0${i}` });
  const kept = readdirSync(paths.history).sort();
  assert.deepEqual(
    before.filter(name => !kept.includes(name)),
    [],
  );
  assert.deepEqual(readdirSync(outside), ['run.json']);
  assert.equal(readFileSync(join(another, 'run.json'), 'utf8'), 'mine');
  assert.deepEqual(readdirSync(first.paths.folder), ['notes.txt'], 'what was written goes, what was put there stays');
  assert.ok(!kept.includes('0101'));
});

test('a run is not written through links, nor into a folder of others', async () => {
  const mine = temporaryFolder();
  writeFileSync(join(mine, 'events.jsonl'), 'mine\n');
  const links = [
    'history',
    'history/one',
    'history/one/checkpoints',
    'history/one/events.jsonl',
    'adapters',
    'report.html',
  ];
  for (const name of links) {
    const paths = experimentPaths(join(temporaryFolder(), 'a.json'));
    const place = join(paths.output, name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(name.endsWith('.jsonl') ? join(mine, 'events.jsonl') : mine, place);
    await assert.rejects(openRunRecord(paths, { ...aRun, id: 'one' }), (e: WorkbenchError) => {
      assert.equal(e.code, 'storage');
      assert.ok(e.message.startsWith(`${place} is a link`), e.message);
      return true;
    });
    assert.ok(lstatSync(place).isSymbolicLink());
  }
  assert.deepEqual(readdirSync(mine), ['events.jsonl']);
  assert.equal(readFileSync(join(mine, 'events.jsonl'), 'utf8'), 'mine\n');
  const paths = experimentPaths(join(temporaryFolder(), 'a.json'));
  mkdirSync(join(paths.history, 'one'), { recursive: true });
  writeFileSync(join(paths.history, 'one', 'events.jsonl'), 'mine');
  await assert.rejects(
    openRunRecord(paths, { ...aRun, id: 'one' }),
    /is not the folder of a run, and holds other files/,
  );
});

function pick(record: Awaited<ReturnType<ReturnType<typeof openRunFolder>['record']>>) {
  const { recipe, state, result, isGone } = record!;
  return { recipe, state, result, isGone };
}
