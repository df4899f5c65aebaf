import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../../src/nn/train/assembleBatch.ts';
import { batchCount, stepCount } from '../../../src/nn/train/schedule.ts';
import { type TrainBackend, trainLoop } from '../../../src/nn/train/trainLoop.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import type { TrainEvent, TrainStepEvent } from '../../../src/protocol/trainEvents.ts';
import type { TrainingSettings } from '../../../src/recipe/schema.ts';
import { sequenceExamples } from '../../support/sequenceExamples.ts';
import { settingsWith } from '../../support/trainingSettings.ts';

const seed = 11;

/** A backend without numbers: losses as told, and a note of what was asked of it. */
function scripted(validationLosses: number[], trainLoss = 1) {
  const calls: string[] = [];
  const backend: TrainBackend = {
    accumulate: async () => [trainLoss],
    step: async (_batch, _seed, hyper) => ({ losses: [trainLoss], norms: new Map([...hyper.keys()].map(n => [n, 1])) }),
    evaluate: async () => [validationLosses.shift()!],
    keepBest: async name => void calls.push(`best ${name}`),
  };
  return { backend, calls };
}

async function collect(backend: TrainBackend, settings: Partial<TrainingSettings>, steps: number) {
  const saves: number[] = [];
  const events: TrainEvent[] = [];
  const loop = trainLoop({
    jobs: [
      {
        name: 'math',
        scaling: 1,
        dropout: 0,
        settings: settingsWith({ batchSize: 2, validateEvery: 1, checkpointEvery: 0, ...settings }),
        steps,
        train: sequenceExamples(5, 3),
        validation: sequenceExamples(2, 5),
      },
    ],
    backend,
    seed,
    save: async p => void saves.push(p.step),
    now: () => 0,
    memory: () => 12,
    signal: new AbortController().signal,
  });
  for await (const event of loop) events.push(event);
  return { events, saves };
}

test('the best validation is kept, and patience ends the expert', async () => {
  const { backend, calls } = scripted([3, 2, 2.5, 2, 1]);
  const { events, saves } = await collect(backend, { patience: 2 }, 10);
  const seen = events.flatMap(e => (e.type === 'validation' ? [[e.step, e.loss, e.best, e.stopped]] : []));
  assert.deepEqual(seen, [
    [1, 3, true, false],
    [2, 2, true, false],
    [3, 2.5, false, false],
    [4, 2, false, true],
  ]);
  assert.deepEqual(calls, ['best math', 'best math']);
  assert.deepEqual(events.at(-1), { type: 'trained', step: 4 });
  assert.deepEqual(saves, [4]);
});

test('without patience all steps are taken; validation falls on its steps and on the last', async () => {
  const { backend } = scripted([3, 4, 5]);
  const { events } = await collect(backend, { validateEvery: 3 }, 7);
  assert.deepEqual(
    events.flatMap(e => (e.type === 'validation' ? [e.step] : [])),
    [3, 6, 7],
  );
  assert.deepEqual(events.at(-1), { type: 'trained', step: 7 });
});

test('checkpoints are written at their interval and at the end', async () => {
  const { backend } = scripted([]);
  const { events, saves } = await collect(backend, { validateEvery: 0, checkpointEvery: 2 }, 5);
  assert.deepEqual(saves, [2, 4, 5]);
  assert.deepEqual(
    events.map(e => e.type),
    ['step', 'step', 'checkpoint', 'step', 'step', 'checkpoint', 'step', 'trained'],
  );
});

test('a loss that is not a number ends the run with the expert and the step', async () => {
  const { backend } = scripted([], Number.NaN);
  await assert.rejects(
    collect(backend, {}, 3),
    (e: WorkbenchError) =>
      e.code === 'runtime' &&
      e.message === "the loss of expert 'math' is NaN at step 1" &&
      /learningRate/.test(e.hint!),
  );
});

test('a step tells its rate, and estimates the time that is left', async () => {
  const { backend } = scripted([]);
  let clock = 0;
  const loop = trainLoop({
    jobs: [
      {
        name: 'math',
        scaling: 1,
        dropout: 0,
        settings: settingsWith({ batchSize: 5, validateEvery: 0, checkpointEvery: 0 }),
        steps: 4,
        train: sequenceExamples(5, 3),
        validation: [],
      },
    ],
    backend,
    seed,
    save: async () => {},
    now: () => (clock += 500),
    memory: () => 12,
    signal: new AbortController().signal,
  });
  const tokens = sequenceExamples(5, 3).reduce((sum, e) => sum + e.ids.length, 0);
  const first = (await loop.next()).value as TrainStepEvent;
  assert.deepEqual([first.tokensPerSecond, first.secondsLeft, first.residentBytes], [tokens * 2, 1.5, 12]);
  await loop.return(undefined);
});

test('a step weighs its trained tokens alike, however they are spread over batches; epochs see each example as often', async () => {
  const train = Array.from({ length: 5 }, (_, i) => {
    const ids = Int32Array.from({ length: 3 + 4 * i }, (_, t) => 1 + t + 20 * i);
    return { ids, labels: ids.map((id, t) => (t < 2 ? -100 : id)) };
  });
  for (const [batchSize, accumulation, epochs] of [
    [1, 2, 3],
    [2, 3, 2],
    [16, 4, 30],
    [3, 1, 2],
  ] as const) {
    const steps: Batch[][] = [[]];
    const seen = new Map<number, number>();
    const note = (batch: Batch) => {
      steps.at(-1)!.push(batch);
      for (let r = 0; r < batch.rows; r++) {
        const first = batch.ids[r * batch.length]!;
        seen.set(first, (seen.get(first) ?? 0) + 1);
      }
    };
    const { backend } = scripted([]);
    const settings = settingsWith({ batchSize, accumulation, epochs, validateEvery: 0, checkpointEvery: 0 });
    const loop = trainLoop({
      jobs: [
        {
          name: 'math',
          scaling: 1,
          dropout: 0,
          settings,
          batches: batchCount(settings, train.length),
          steps: stepCount(settings, train.length),
          train,
          validation: [],
        },
      ],
      backend: {
        ...backend,
        async accumulate(batch) {
          note(batch);
          return [1];
        },
        async step(batch) {
          note(batch);
          steps.push([]);
          return { losses: [1], norms: new Map([['math', 1]]) };
        },
      },
      seed,
      save: async () => {},
      now: () => 0,
      memory: () => 0,
      signal: new AbortController().signal,
    });
    for await (const _ of loop);
    assert.equal(steps.length - 1, stepCount(settings, train.length));
    for (const batches of steps.slice(0, -1)) {
      const weights = batches.flatMap(b => [...b.lossWeights]);
      for (const w of weights) assert.ok(Math.abs(w - 1 / weights.length) < 1e-7, `${w} of ${weights.length}`);
    }
    assert.deepEqual([...seen.values()], Array(5).fill(epochs));
  }
});
