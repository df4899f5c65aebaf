import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { experimentPaths } from '../../src/experiment/paths.ts';
import { openRunFolder, openRunRecord, readRunRecord } from '../../src/experiment/runs.ts';
import type { RunResult } from '../../src/protocol/runRecord.ts';
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
  for (let i = 200; i < 220; i++) mkdirSync(join(paths.history, `0${i}`));
  const last = await openRunRecord(paths, { ...run, id: undefined, experts: ['a'] });
  const kept = readdirSync(paths.history);
  assert.deepEqual([kept.length, kept.includes('0100'), kept.includes(last.record.id)], [20, false, true]);
});

function pick(record: Awaited<ReturnType<ReturnType<typeof openRunFolder>['record']>>) {
  const { recipe, state, result, isGone } = record!;
  return { recipe, state, result, isGone };
}
