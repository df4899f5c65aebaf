import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochCount, learningRate, rateCurve, stepCount } from '../../../src/nn/train/schedule.ts';
import type { TrainingSettings } from '../../../src/recipe/schema.ts';
import { assertClose } from '../../support/assertClose.ts';
import { settingsWith } from '../../support/trainingSettings.ts';

const rates = (settings: Partial<TrainingSettings>, steps: number) => {
  const s = settingsWith({ learningRate: 1, ...settings });
  return Array.from({ length: steps }, (_, i) => learningRate(s, i + 1, steps));
};

test('constant, with a warm-up of two of five steps', () => {
  assertClose(rates({ schedule: 'constant', warmup: 0.4 }, 5), [0.5, 1, 1, 1, 1], 1e-12);
});

test('linear falls to its final share at the last step', () => {
  assertClose(rates({ schedule: 'linear', warmup: 0, finalRate: 0 }, 5), [1, 0.75, 0.5, 0.25, 0], 1e-12);
  assertClose(rates({ schedule: 'linear', warmup: 0.2, finalRate: 0.5 }, 5), [1, 1, 5 / 6, 4 / 6, 0.5], 1e-12);
});

test('cosine is at half its way in the middle', () => {
  const r = Math.SQRT1_2 / 2;
  assertClose(rates({ schedule: 'cosine', warmup: 0, finalRate: 0 }, 5), [1, 0.5 + r, 0.5, 0.5 - r, 0], 1e-12);
  assertClose(rates({ schedule: 'cosine', warmup: 0, finalRate: 0.1 }, 3), [1, 0.55, 0.1], 1e-12);
});

test('runs of one step, or all warm-up, have a positive rate everywhere', () => {
  assert.deepEqual(rates({ schedule: 'cosine', warmup: 1, finalRate: 0 }, 3), [1 / 3, 2 / 3, 1]);
  assert.ok(rates({ schedule: 'cosine', warmup: 0.03 }, 1)[0]! > 0);
});

test('steps come from the recipe, or from epochs, or are three epochs', () => {
  const of = (s: Partial<TrainingSettings>, examples: number) =>
    stepCount(settingsWith({ batchSize: 4, ...s }), examples);
  assert.equal(of({ steps: 7, epochs: 2 }, 100), 7);
  assert.equal(of({ epochs: 2 }, 100), 50);
  assert.equal(of({ epochs: 0.5, accumulation: 2 }, 100), 7);
  assert.equal(of({}, 10), 9);
  assert.equal(of({ epochs: 0.001 }, 10), 1);
});

test('an epoch is a pass over all examples, whatever the batch', () => {
  for (const [s, examples, steps] of [
    [{ batchSize: 16, epochs: 3 }, 5, 3],
    [{ batchSize: 16, epochs: 10 }, 5, 10],
    [{ batchSize: 16, accumulation: 4, epochs: 30 }, 5, 8],
    [{ batchSize: 16, epochs: 3 }, 20, 6],
    [{ batchSize: 16, epochs: 1.5 }, 20, 3],
  ] as const) {
    const settings = settingsWith(s);
    assert.equal(stepCount(settings, examples), steps);
    assert.equal(epochCount(settings, examples), s.epochs);
  }
  assert.equal(epochCount(settingsWith({ batchSize: 16, accumulation: 2, steps: 3 }), 20), 3);
});

test('the picture has the first and the last step, and the rates of training', () => {
  const settings = settingsWith({ learningRate: 0.01, warmup: 0.1 });
  for (const steps of [1, 2, 60, 240, 241, 1000, 100_000]) {
    const curve = rateCurve(settings, steps);
    assert.deepEqual([curve[0]!.step, curve.at(-1)!.step], [1, steps]);
    assert.ok(curve.length <= 241, `${curve.length} points`);
    for (const { step, rate } of curve) assert.equal(rate, learningRate(settings, step, steps));
  }
});
