import assert from 'node:assert/strict';
import test from 'node:test';
import { runCurves } from '../../../src/nn/train/runCurves.ts';
import type { TrainEvent } from '../../../src/protocol/trainEvents.ts';
import { stepEvent as step } from '../../support/stepEvent.ts';

test('curves by expert, the last step, and what is on disk', () => {
  const events: TrainEvent[] = [
    step(1),
    step(2),
    { type: 'validation', step: 2, expert: 'math', loss: 8.5, best: true, stopped: false },
    { type: 'checkpoint', step: 2 },
  ];
  assert.deepEqual(runCurves(events), {
    experts: [
      {
        name: 'math',
        train: [
          { step: 1, loss: 9 },
          { step: 2, loss: 8 },
        ],
        validation: [{ step: 2, loss: 8.5 }],
        rates: [
          { step: 1, rate: 0.01 },
          { step: 2, rate: 0.02 },
        ],
      },
    ],
    last: { step: 2, steps: 9, tokensPerSecond: 100, secondsLeft: 7, residentBytes: 1000 },
    checkpoint: 2,
  });
});
