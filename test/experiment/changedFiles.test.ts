import assert from 'node:assert/strict';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { readCheckpoint, writeCheckpoint } from '../../src/experiment/checkpoints.ts';
import { openExperiment } from '../../src/experiment/experiment.ts';
import { resultPaths } from '../../src/experiment/paths.ts';
import { readExperimentPaths } from '../../src/experiment/readExperimentPaths.ts';
import { openRunFolder } from '../../src/experiment/runs.ts';
import { addScores, readScores } from '../../src/experiment/soloScores.ts';
import { readTrainingRecord, writeTrainingRecord } from '../../src/experiment/trainingRecord.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

function write(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
}

async function refused(reading: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(
    reading,
    error => error instanceof WorkbenchError && error.code === 'badFile' && message.test(error.message),
  );
}

test('a training record that was changed is refused with the place', async () => {
  const paths = resultPaths(temporaryFolder());
  assert.equal(await readTrainingRecord(paths, 'math'), undefined);
  const train = [{ step: 1, loss: Number.NaN, learningRate: 0.1 }];
  const record = { expert: 'math', baseHash: 'a', adapterHash: 'b', trainExamples: 1, step: 1, tokens: 5 };
  const whole = { ...record, best: undefined, curve: { expert: 'math', train, validation: [] } };
  await writeTrainingRecord(paths, whole);
  assert.deepEqual(await readTrainingRecord(paths, 'math'), { ...record, curve: whole.curve });
  const cases: [unknown, RegExp][] = [
    [null, /it does not fit/],
    [[], /it does not fit|'expert'/],
    [{ ...whole, curve: null }, /'curve' does not fit/],
    [{ ...whole, curve: { expert: 'math', train: [1], validation: [] } }, /'curve\.train\.0' does not fit/],
    [{ ...whole, tokens: '5' }, /'tokens' does not fit/],
    ['{', /not JSON/],
  ];
  for (const [value, message] of cases) {
    write(paths.trainingRecord('math'), value);
    await refused(readTrainingRecord(paths, 'math'), message);
  }
  truncateSync(paths.trainingRecord('math'), 64_000_001);
  await refused(readTrainingRecord(paths, 'math'), /has 64000001 bytes; at most 64000000/);
});

test('a history of scores that was changed is refused with the place, and not written over', async () => {
  const paths = resultPaths(temporaryFolder());
  assert.deepEqual(await readScores(paths), []);
  const score = { expert: 'math', set: 's', adapterHash: 'a', trained: ['math'], correct: 1, total: 2 };
  assert.deepEqual(await addScores(paths, [score]), [score]);
  for (const [value, message] of [
    [{}, /it does not fit/],
    [[score, null], /'1' does not fit/],
    [[{ ...score, trained: 3 }], /'0\.trained' does not fit/],
  ] as const) {
    write(paths.scores, value);
    await refused(addScores(paths, [score]), message);
  }
});

test('the head of a checkpoint that was changed is refused with the place', async () => {
  const path = join(temporaryFolder(), 'c.safetensors');
  const flat = Float32Array.of(1);
  const position = {
    step: 1,
    experts: {
      math: { step: 1, data: { epoch: 0, batch: 1 }, tokens: 3, best: undefined, waited: 0, stopped: false },
    },
  };
  const states = new Map([['math', { parameter: flat, m: flat, v: flat, best: flat }]]);
  const head = { fingerprint: 'f', position, curves: [] };
  await writeCheckpoint(path, { ...head, states });
  const { states: _, ...read } = (await readCheckpoint(path))!;
  assert.deepEqual(read, JSON.parse(JSON.stringify(head)));
  const changes: [object, RegExp][] = [
    [{ position: null }, /'position' does not fit/],
    [{ position: { step: 'x', experts: {} } }, /'position\.step' does not fit/],
    [{ position: { step: 1, experts: { math: {} } } }, /'position\.experts\.math\.step' does not fit/],
    [{ position: { step: -1, experts: {} } }, /'position\.step' does not fit/],
    [{ curves: 7 }, /'curves' does not fit/],
    [{ origin: [] }, /'origin' does not fit|'origin\.baseHash' does not fit/],
  ];
  for (const [change, message] of changes) {
    await writeCheckpoint(path, { ...head, ...change, states } as never);
    await refused(readCheckpoint(path), message);
  }
});

test('a file that is too large for a recipe is not read', async () => {
  const path = join(temporaryFolder(), 'large.lora.json');
  write(path, '{"output": "elsewhere"}');
  assert.equal((await readExperimentPaths(path)).output, join(dirname(path), 'elsewhere'));
  truncateSync(path, 4_000_001);
  await refused(openExperiment(path, ''), /has 4\.0 MB, which is no recipe/);
  assert.equal((await readExperimentPaths(path)).output, join(dirname(path), 'runs', 'large'));
});

test('records and events of runs that were changed are none, and name no shares of other computers', async () => {
  const path = join(temporaryFolder(), 'history', 'r');
  const record = { id: 'r', kind: 'evaluate', recipe: '../../a.lora.json', experts: [], state: 'done', pid: 1 };
  const times = { startedAt: 0, updatedAt: 0 };
  const written = (change: object) => write(join(path, 'run.json'), { ...record, ...times, ...change });
  const read = () => openRunFolder(path).record();
  written({ result: { reportPath: '//host/share/report.json' } });
  assert.equal((await read())!.result!.reportPath, join(path, '..', '..', 'report.json'));
  // Signals to process -1 reach everybody's.
  for (const change of [{ pid: -1 }, { pid: 0.5 }, { recipe: '\\\\host\\share\\a.lora.json' }, { experts: [1] }]) {
    written(change);
    assert.equal(await read(), undefined, JSON.stringify(change));
  }
  written({});
  truncateSync(join(path, 'run.json'), 1_000_001);
  assert.equal(await read(), undefined);
  const lines = [
    'null',
    '1',
    '{"type":"step"}',
    '{"type":"step","step":1,"experts":null}',
    '{"type":"trained","step":3}',
  ];
  write(join(path, 'events.jsonl'), `${lines.join('\n')}\n`);
  assert.deepEqual(await openRunFolder(path).newEvents(), [{ type: 'trained', step: 3 }]);
});
