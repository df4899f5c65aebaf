import assert from 'node:assert/strict';
import test from 'node:test';
import { rateCurve } from '../../../src/nn/train/rateCurve.ts';
import { learningRate } from '../../../src/nn/train/schedule.ts';
import { trainingSettings } from '../../../src/recipe/schema.ts';

test('the picture has the first and the last step, and the rates of training', () => {
  const settings = trainingSettings.parse({ learningRate: 0.01, warmup: 0.1 });
  for (const steps of [1, 2, 60, 240, 241, 1000, 100_000]) {
    const curve = rateCurve(settings, steps);
    assert.deepEqual([curve[0]!.step, curve.at(-1)!.step], [1, steps]);
    assert.ok(curve.length <= 241, `${curve.length} points`);
    for (const { step, rate } of curve) assert.equal(rate, learningRate(settings, step, steps));
  }
});
