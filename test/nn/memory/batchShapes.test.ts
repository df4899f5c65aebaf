import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchShapes, largestShapes, paddingShare } from '../../../src/nn/memory/batchShapes.ts';
import type { EncodedExample } from '../../../src/nn/train/assembleBatch.ts';
import type { TrainingJob } from '../../../src/nn/train/trainLoop.ts';
import type { TrainingSettings } from '../../../src/recipe/schema.ts';
import { settingsWith } from '../../support/trainingSettings.ts';

const example = (length: number): EncodedExample => ({
  ids: new Int32Array(length).fill(7),
  labels: Int32Array.from({ length }, (_, t) => (t < length - 2 ? -100 : 7)),
});

function job(name: string, settings: Partial<TrainingSettings>, lengths: number[]): TrainingJob {
  const parsed = settingsWith(settings);
  const train = lengths.map(example);
  return { name, scaling: 1, dropout: 0, settings: parsed, steps: parsed.steps!, train, validation: [example(30)] };
}

test('every run of a training by its rows, length and trained tokens', async () => {
  const jobs = [
    job('a', { steps: 2, batchSize: 2, accumulation: 2, validateEvery: 1 }, [10, 10, 10, 10]),
    job('b', { steps: 1, batchSize: 3, validateEvery: 0 }, [20, 20, 20]),
  ];
  const shapes = await batchShapes(jobs, { seed: 1, inTurn: true });
  const a = { B: 2, T: 10, M: 4, tokens: 20 };
  assert.deepEqual(shapes, {
    accumulate: [a, a],
    step: [a, { B: 3, T: 20, M: 6, tokens: 60 }, a],
    evaluate: [
      { B: 1, T: 30, M: 2, tokens: 30 },
      { B: 1, T: 30, M: 2, tokens: 30 },
    ],
    steps: 2,
  });
});

test('padding is what a batch has beside the tokens of its rows', async () => {
  const shapes = await batchShapes([job('a', { steps: 1, batchSize: 4, validateEvery: 0 }, [10, 10, 10, 30])], {
    seed: 1,
    inTurn: true,
  });
  assert.equal(paddingShare(shapes), 0.5);
});

test('patience ends no plan', async () => {
  const jobs = [job('a', { steps: 9, batchSize: 1, validateEvery: 1, patience: 1 }, [8])];
  assert.equal((await batchShapes(jobs, { seed: 1, inTurn: true })).steps, 9);
});

test('as many examples as a file may hold: more than a call has arguments', async () => {
  const [many, other] = [job('a', { steps: 2, batchSize: 16, validateEvery: 2 }, []), example(8)];
  const data = new Array<EncodedExample>(200_000).fill(other);
  const shapes = await batchShapes([{ ...many, train: data, validation: data }], { seed: 1, inTurn: true });
  assert.deepEqual([shapes.steps, shapes.evaluate.length], [2, 12_500]);
  assert.deepEqual(largestShapes([...shapes.step, ...shapes.evaluate]), [{ B: 16, T: 8, M: 32, tokens: 128 }]);
});

test('of the shapes, those are kept that no other exceeds', () => {
  const [wide, long, small] = [
    { B: 8, T: 10, M: 16, tokens: 80 },
    { B: 2, T: 90, M: 4, tokens: 180 },
    { B: 2, T: 10, M: 4, tokens: 20 },
  ];
  assert.deepEqual(largestShapes([small, wide, small, long, wide]), [wide, long]);
});
