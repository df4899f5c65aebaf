import assert from 'node:assert/strict';
import test from 'node:test';
import type { RunProgressed } from '../../../src/protocol/views/training.ts';
import { addProgress, rateLines } from '../../../webview/training/curves.ts';

const progress = (isWhole: boolean, steps: number[], name = 'math'): RunProgressed => ({
  ...{ run: 'a', isWhole },
  experts: [
    {
      name,
      train: steps.map(step => ({ step, loss: 1 / step })),
      validation: [],
      rates: steps.map(step => ({ step, rate: step / 100 })),
    },
  ],
});

test('curves grow with what has come, and begin anew where all of a run is told', () => {
  const steps = (name = 'math') => known.experts.get(name)?.train.map(point => point.step);
  let known = addProgress(undefined, progress(true, [1, 2]));
  known = addProgress(known, { ...progress(false, [3]), checkpoint: 3 });
  known = addProgress(known, progress(false, [3], 'code'));
  assert.deepEqual([steps(), steps('code'), known.checkpoint], [[1, 2, 3], [3], 3]);
  known = addProgress(known, progress(true, [1]));
  assert.deepEqual([steps(), steps('code'), known.checkpoint], [[1], undefined, undefined]);
});

test('experts with the same learning rates share a line', () => {
  const [first] = progress(true, [1, 2]).experts;
  const other = { name: 'qa', rates: [{ step: 1, rate: 0.5 }] };
  const lines = rateLines([first!, { ...first!, name: 'code' }, other]);
  assert.deepEqual(
    lines.map(({ name, points }) => [name, points.map(({ loss }) => loss)]),
    [
      ['math, code', [0.01, 0.02]],
      ['qa', [0.5]],
    ],
  );
});
