import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { type Checkpoint, writeCheckpoint } from '../../src/experiment/checkpoints.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import type { TrainEvent } from '../../src/protocol/trainEvents.ts';
import { testEngine } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyExperiment, writeJsonLines } from '../support/tinyExperiment.ts';

const training = { steps: 6, batchSize: 2, validateEvery: 0, checkpointEvery: 2, keepCheckpoints: 2 };
const runFolder = (recipe: string) => join(dirname(recipe), 'runs', 'tiny');
const adapter = (recipe: string, expert = 'math', folder = 'adapters') =>
  readFileSync(join(runFolder(recipe), folder, expert, 'adapter_model.safetensors'));

function steps(recipe: string, run: string): number[] {
  const lines = readFileSync(join(runFolder(recipe), 'history', run, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map(line => JSON.parse(line) as TrainEvent).flatMap(e => (e.type === 'step' ? [e.step] : []));
}

function change(recipe: string, changes: Record<string, unknown>): void {
  writeFileSync(recipe, JSON.stringify({ ...JSON.parse(readFileSync(recipe, 'utf8')), ...changes }));
}

test('checkpoints that a run keeps', async t => {
  const engine = testEngine(t);
  const recipe = tinyExperiment({ training });
  await engine.request('train', { recipe, run: 'first', resume: false });
  const trained = adapter(recipe);

  await t.test('are the last ones; the last of all is the one that is resumed from', async () => {
    const { checkpoints } = await engine.request('checkpoints', { recipe, run: 'first' });
    assert.deepEqual(
      checkpoints.map(c => c.step),
      [6, 4],
    );
    const [last] = checkpoints;
    assert.deepEqual(
      last!.experts.map(e => [e.name, e.step, e.best, typeof e.trainLoss]),
      [
        ['math', 6, undefined, 'number'],
        ['code', 6, undefined, 'number'],
      ],
    );
    const own = readFileSync(join(runFolder(recipe), 'history', 'first', 'checkpoints', 'step-00000006.safetensors'));
    assert.equal(own.length, last!.bytes);
    assert.ok(own.equals(readFileSync(join(runFolder(recipe), 'checkpoints', 'math+code.safetensors'))));
    assert.deepEqual((await engine.request('checkpoints', { recipe, run: 'none' })).checkpoints, []);
  });

  await t.test('a run that goes on from one ends in the same bits', async () => {
    await engine.request('train', { recipe, run: 'second', resume: false, from: { run: 'first', step: 4 } });
    assert.deepEqual(steps(recipe, 'second'), [5, 6]);
    assert.ok(adapter(recipe).equals(trained));
  });

  await t.test('it may go on with other settings of training, and then learns otherwise', async () => {
    change(recipe, { training: { ...training, learningRate: 0.02, steps: 8 } });
    await engine.request('train', { recipe, run: 'third', resume: false, from: { run: 'first', step: 6 } });
    assert.deepEqual(steps(recipe, 'third'), [7, 8]);
    assert.ok(!adapter(recipe).equals(trained));
    change(recipe, { training });
  });

  await t.test(
    'but not with other factors, another seed, other experts or other data: what differs is named',
    async () => {
      const refused = async (changes: Record<string, unknown>, message: RegExp, only?: string[]) => {
        const before = JSON.parse(readFileSync(recipe, 'utf8'));
        change(recipe, changes);
        await assert.rejects(
          engine.request('train', { recipe, only, resume: false, from: { run: 'first', step: 4 } }),
          (error: WorkbenchError) => error.code === 'mismatch' && message.test(error.message),
        );
        writeFileSync(recipe, JSON.stringify(before));
      };
      await refused({ lora: { rank: 4 } }, /other factors of 'math' \(rank 2\)/);
      await refused({ seed: 9 }, /with seed 1$/);
      await refused({}, /with the experts math, code$/, ['math']);
      await refused({ training: { ...training, lossOn: 'all' } }, /other data of 'math'/);
    },
  );

  await t.test('one that made way is not there', async () => {
    await assert.rejects(
      engine.request('train', { recipe, resume: false, from: { run: 'first', step: 2 } }),
      (error: WorkbenchError) => error.code === 'notFound' && /the checkpoint is not there/.test(error.message),
    );
    await assert.rejects(
      engine.request('promote', { recipe, run: '../first', step: 4, expert: 'math', best: false }),
      /is not the identity of a run/,
    );
  });

  await t.test('one becomes the adapter, whatever the recipe says by then; the one before is kept', async () => {
    const before = adapter(recipe);
    change(recipe, { lora: { rank: 8 } });
    const promoted = await engine.request('promote', { recipe, run: 'first', step: 6, expert: 'math', best: false });
    assert.ok(adapter(recipe).equals(trained), 'the bytes that training wrote');
    assert.equal(promoted.previous, join(runFolder(recipe), 'previous', 'math'));
    assert.ok(adapter(recipe, 'math', 'previous').equals(before));
    await engine.request('promote', { recipe, run: 'first', step: 4, expert: 'math', best: false });
    assert.ok(!adapter(recipe).equals(trained));
    assert.ok(adapter(recipe, 'math', 'previous').equals(trained));
    const record = JSON.parse(readFileSync(join(runFolder(recipe), 'training', 'math.json'), 'utf8'));
    assert.equal(record.step, 4);
    assert.deepEqual(readdirSync(join(runFolder(recipe), 'adapters')).sort(), ['code', 'math'], 'nothing half-written');
  });

  await t.test('the best is there only where it was measured', async () => {
    await assert.rejects(
      engine.request('promote', { recipe, run: 'first', step: 6, expert: 'math', best: true }),
      /'math' was not validated before step 6/,
    );
  });
});

test('a run goes on from its own checkpoint, though another has trained the same experts since', async t => {
  const engine = testEngine(t);
  const recipe = tinyExperiment({ training: { ...training, steps: 300, checkpointEvery: 0 } });
  const stop = new AbortController();
  await engine.request(
    'train',
    { recipe, run: 'first', resume: false },
    {
      signal: stop.signal,
      onProgress: told => told.kind === 'event' && told.event.type === 'step' && told.event.step === 3 && stop.abort(),
    },
  );
  const at = steps(recipe, 'first').length;
  change(recipe, { training: { ...training, steps: 4, checkpointEvery: 0 } });
  await engine.request('train', { recipe, run: 'second', resume: false });
  change(recipe, { training: { ...training, steps: 300, checkpointEvery: 0 } });
  const more = new AbortController();
  await engine.request(
    'train',
    { recipe, run: 'first', resume: true },
    {
      signal: more.signal,
      onProgress: told => told.kind === 'event' && told.event.type === 'step' && more.abort(),
    },
  );
  assert.equal(steps(recipe, 'first')[at], at + 1);
});

test('the best factors become the adapter: those of the lowest validation loss', async t => {
  const engine = testEngine(t);
  const alone = { blends: {}, merges: {}, evaluation: {} };
  const recipe = tinyExperiment({ training: { ...training, steps: 4, validateEvery: 1, learningRate: 0.3 }, ...alone });
  const examples = [{ prompt: 'What is 1 + 1?', completion: '2' }];
  writeJsonLines(join(dirname(recipe), 'validation.jsonl'), examples);
  change(recipe, { experts: { math: { data: { train: 'math.jsonl', validation: 'validation.jsonl' } } } });
  await engine.request('train', { recipe, run: 'one', resume: false });
  const { checkpoints } = await engine.request('checkpoints', { recipe, run: 'one' });
  const { best } = checkpoints[0]!.experts[0]!;
  assert.ok(best && best.step >= 1 && best.step <= 4);
  // Training itself writes the best.
  const trained = adapter(recipe);
  await engine.request('promote', { recipe, run: 'one', step: 4, expert: 'math', best: true });
  assert.ok(adapter(recipe).equals(trained));
  assert.ok(existsSync(join(runFolder(recipe), 'previous', 'math', 'adapter_config.json')));
});

test('a checkpoint with factors or moments that are not finite is not written', async () => {
  const path = join(temporaryFolder(), 'checkpoint.safetensors');
  const checkpointWith = (value: number): Checkpoint => {
    const numbers = () => new Float32Array(4);
    const state = { parameter: numbers(), m: numbers(), v: numbers().fill(value), best: numbers() };
    return {
      fingerprint: 'f',
      position: { step: 7, experts: {} },
      curves: [],
      states: new Map([['math', state]]),
    };
  };
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
    await assert.rejects(
      writeCheckpoint(path, checkpointWith(value)),
      /step 7: math\.v holds values that are infinite/,
    );
  assert.equal(existsSync(path), false);
  await writeCheckpoint(path, checkpointWith(1));
  assert.ok(existsSync(path));
});
