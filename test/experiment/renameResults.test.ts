import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { type Checkpoint, keepCheckpoint, readCheckpoint } from '../../src/experiment/checkpoints.ts';
import { withExpertLocks } from '../../src/experiment/locks.ts';
import { experimentPaths } from '../../src/experiment/paths.ts';
import { followRecipe, renameRefusal, renameResults } from '../../src/experiment/renameResults.ts';
import { writeReport } from '../../src/experiment/reports.ts';
import { openRunRecord, readRunRecord } from '../../src/experiment/runs.ts';
import { addScores, readScores } from '../../src/experiment/soloScores.ts';
import { readTrainingRecord, writeTrainingRecord } from '../../src/experiment/trainingRecord.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import type { TrainEvent } from '../../src/protocol/trainEvents.ts';
import { parseReport } from '../../src/report/parseReport.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const curve = (expert: string) => ({ expert, train: [{ step: 1, loss: 2, learningRate: 0.1 }], validation: [] });
const state = (value: number) => {
  const part = () => new Float32Array([value, value + 1]);
  return { parameter: part(), m: part(), v: part(), best: part() };
};
const position = { step: 1, data: { epoch: 0, batch: 1 }, tokens: 3, waited: 0, stopped: false };
const lora = { rank: 2, alpha: 4, rslora: false, targets: 'all-linear', dropout: 0 };

/** Results of `math` and `code` that were trained together, measured, and merged. */
async function results() {
  const recipe = join(temporaryFolder(), 'three.lora.json');
  const paths = experimentPaths(recipe);
  const {
    record,
    paths: run,
    write,
    append,
  } = await openRunRecord(paths, {
    id: 'one',
    kind: 'train',
    recipe,
    experts: ['math', 'code'],
  });
  append({ type: 'data', step: 0, expert: 'math', problems: [] });
  append({
    type: 'step',
    step: 1,
    steps: 1,
    experts: {
      math: { loss: 1, learningRate: 1, gradientNorm: 1 },
      code: { loss: 1, learningRate: 1, gradientNorm: 1 },
    },
    tokensPerSecond: 1,
    secondsLeft: 0,
    residentBytes: 1,
  });
  for (const name of ['math', 'code']) {
    mkdirSync(paths.trainedAdapter(name), { recursive: true });
    writeFileSync(join(paths.trainedAdapter(name), 'adapter_config.json'), `{ "of": "${name}" }`);
    await writeTrainingRecord(paths, {
      expert: name,
      baseHash: 'b',
      adapterHash: name,
      trainExamples: 1,
      step: 1,
      tokens: 3,
      curve: curve(name),
    });
  }
  for (const folder of [paths.previousAdapter('math'), paths.previousAdapter('math', 2), paths.merge('both')])
    mkdirSync(folder, { recursive: true });
  record.state = 'done';
  record.learningRates = { math: 0.1, code: 0.2 };
  record.result = { adapters: ['math', 'code'].map(name => ({ name, adapter: paths.trainedAdapter(name) })) };
  await write();
  const checkpoint: Checkpoint = {
    fingerprint: 'f',
    origin: {
      baseHash: 'b',
      seed: 1,
      experts: ['math', 'code'].map(name => ({ name, lora, targets: [], dataHash: name, trainExamples: 1 }) as never),
    },
    position: { step: 1, experts: { math: position, code: position } } as never,
    curves: [curve('math'), curve('code')],
    states: new Map([
      ['math', state(1)],
      ['code', state(5)],
    ]),
  };
  await keepCheckpoint(run.checkpoints, paths.checkpoint(['math', 'code']), checkpoint, 3);
  const sweep = paths.sweep('math', '0123456789abcdef0123');
  mkdirSync(dirname(sweep.data), { recursive: true });
  writeFileSync(sweep.data, '{"expert":"math"}\n');
  writeFileSync(sweep.page, 'page');
  await addScores(paths, [
    { expert: 'math', set: 'math', adapterHash: 'math', trained: ['code', 'math'], correct: 3, total: 4 },
  ]);
  const fixture = readFileSync(new URL('../fixtures/report/report.json', import.meta.url), 'utf8');
  await writeReport(paths, parseReport(fixture, 'report.json'));
  return { recipe, paths, run };
}

const files = (folder: string) => readdirSync(folder).sort();

test('what an expert has learned follows its new name', async () => {
  const { recipe, paths, run } = await results();
  const time = new Date(1.7e12);
  utimesSync(paths.report, time, time);
  const before = parseReport(readFileSync(paths.report, 'utf8'), 'before');
  await renameResults(recipe, paths, { kind: 'expert', from: 'math', to: 'sums' });

  assert.deepEqual(files(dirname(paths.trainedAdapter('x'))), ['code', 'sums']);
  assert.equal(readFileSync(join(paths.trainedAdapter('sums'), 'adapter_config.json'), 'utf8'), '{ "of": "math" }');
  assert.deepEqual(files(dirname(paths.previousAdapter('x'))), ['sums', 'sums~2']);
  assert.deepEqual(files(join(paths.output, 'training')), ['code.json', 'sums.json']);
  const { expert, adapterHash, curve: own } = (await readTrainingRecord(paths, 'sums'))!;
  assert.deepEqual([expert, adapterHash, own.expert], ['sums', 'math', 'sums']);

  const record = (await readRunRecord(run.folder))!;
  assert.deepEqual(record.experts, ['sums', 'code']);
  assert.deepEqual(record.learningRates, { sums: 0.1, code: 0.2 });
  assert.deepEqual(record.result!.adapters![0], { name: 'sums', adapter: paths.trainedAdapter('sums') });
  const events = readFileSync(run.events, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as TrainEvent);
  assert.deepEqual(
    events.map(event => (event.type === 'step' ? Object.keys(event.experts) : 'expert' in event && event.expert)),
    ['sums', ['sums', 'code']],
  );

  assert.deepEqual(files(join(paths.output, 'checkpoints')), ['sums+code.safetensors']);
  for (const path of [run.checkpoint(1), paths.checkpoint(['sums', 'code'])]) {
    const { origin, position, curves, states } = (await readCheckpoint(path))!;
    assert.deepEqual(
      origin!.experts.map(e => e.name),
      ['sums', 'code'],
    );
    assert.deepEqual(Object.keys(position.experts), ['sums', 'code']);
    assert.deepEqual(
      curves.map(c => c.expert),
      ['sums', 'code'],
    );
    assert.deepEqual([...states.get('sums')!.m], [1, 2]);
  }

  assert.deepEqual(files(join(paths.output, 'sweeps')), ['sums-0123456789abcdef.html', 'sums-0123456789abcdef.json']);
  // The set of that name is not the expert.
  const [score] = await readScores(paths);
  assert.deepEqual([score!.expert, score!.set, score!.trained], ['sums', 'math', ['code', 'sums']]);
  const report = parseReport(readFileSync(paths.report, 'utf8'), 'after');
  assert.equal(statSync(paths.report).mtimeMs, time.getTime());
  const named = (r: typeof report, name: string) => r.scores.filter(s => s.kind === 'expert' && s.system === name);
  assert.ok(named(before, 'math').length > 0);
  assert.deepEqual(
    named(report, 'sums').map(s => s.correct),
    named(before, 'math').map(s => s.correct),
  );
  assert.deepEqual(named(report, 'math'), []);
  assert.deepEqual(report.sets.find(set => set.name === 'math')?.expert, 'sums');
  assert.match(readFileSync(paths.reportPage, 'utf8'), /sums/);

  // And back again: nothing is lost on the way.
  await renameResults(recipe, paths, { kind: 'expert', from: 'sums', to: 'math' });
  assert.deepEqual(parseReport(readFileSync(paths.report, 'utf8'), 'again'), before);
  assert.deepEqual(files(dirname(paths.trainedAdapter('x'))), ['code', 'math']);
});

test('sets and merges are followed, and of each the names of its own kind', async () => {
  const { recipe, paths } = await results();
  await renameResults(recipe, paths, { kind: 'set', from: 'math', to: 'sums' });
  await renameResults(recipe, paths, { kind: 'merge', from: 'both', to: 'two' });
  const report = parseReport(readFileSync(paths.report, 'utf8'), 'after');
  assert.deepEqual(report.sets.find(set => set.name === 'sums')?.expert, 'math');
  assert.ok(report.scores.some(s => s.set === 'sums' && s.system === 'math'));
  assert.equal((await readScores(paths))[0]!.set, 'sums');
  assert.ok(existsSync(paths.merge('two')) && !existsSync(paths.merge('both')));
});

test('results that are there under the new name stay', async () => {
  const { recipe, paths } = await results();
  const rename = () => renameResults(recipe, paths, { kind: 'expert', from: 'math', to: 'code' });
  await assert.rejects(rename, (e: WorkbenchError) => e.code === 'badRequest' && /results of 'code'/.test(e.message));
  assert.equal((await readTrainingRecord(paths, 'math'))!.adapterHash, 'math');
  assert.match((await renameRefusal(paths, { kind: 'expert', from: 'math', to: 'code' }))!, /results of 'code'/);
  assert.equal(await renameRefusal(paths, { kind: 'expert', from: 'math', to: 'sums' }), undefined);
  await withExpertLocks(paths, ['math'], async () =>
    assert.match((await renameRefusal(paths, { kind: 'expert', from: 'math', to: 'sums' }))!, /is being trained/),
  );
  // Nothing was trained under a name: there is nothing to be followed.
  const other = join(temporaryFolder(), 'a.lora.json');
  await renameResults(other, experimentPaths(other), { kind: 'expert', from: 'a', to: 'b' });
});

test('runs of a recipe that has another path are its runs', async () => {
  const { recipe, paths } = await results();
  const to = join(dirname(recipe), 'four.lora.json');
  const moved = experimentPaths(to);
  renameSync(paths.output, moved.output);
  await followRecipe(moved, recipe, to);
  const record = (await readRunRecord(moved.run('one').folder))!;
  assert.equal(record.recipe, to);
  assert.equal(record.result!.adapters![0]!.adapter, moved.trainedAdapter('math'));
});
