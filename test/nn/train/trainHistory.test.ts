import assert from 'node:assert/strict';
import test from 'node:test';
import { addTrainEvent, mostEvents, runCurves } from '../../../src/nn/train/trainHistory.ts';
import type { TrainEvent } from '../../../src/protocol/trainEvents.ts';
import { stepEvent } from '../../support/stepEvent.ts';

const step = (n: number): TrainEvent => ({
  type: 'step',
  step: n,
  steps: 100_000,
  experts: {},
  tokensPerSecond: 1,
  secondsLeft: 1,
  residentBytes: 1,
});
const validation = (n: number): TrainEvent => ({
  type: 'validation',
  step: n,
  expert: 'math',
  loss: 1,
  best: true,
  stopped: false,
});

function told(events: TrainEvent[]): TrainEvent[] {
  const all: TrainEvent[] = [];
  for (const event of events) addTrainEvent(all, event);
  return all;
}

test('a run that goes on from a checkpoint takes steps again: they are told once', () => {
  const checkpoint: TrainEvent = { type: 'checkpoint', step: 2 };
  const events = [step(1), step(2), checkpoint, step(3), validation(3), step(4), step(3), validation(3)];
  assert.deepEqual(told(events), [step(1), step(2), checkpoint, step(3), validation(3)]);
  const recompute = { type: 'recompute', step: 2, bytes: 1, bytesWithout: 2, budgetBytes: 1 } as const;
  assert.deepEqual(told([step(1), step(2), step(3), recompute, step(3)]), [step(1), step(2), recompute, step(3)]);
  assert.deepEqual(told([step(1), { type: 'cancelled', step: 1 }, step(2)]).length, 3);
});

test('a long run is thinned; validations are all kept, and the last step', () => {
  const events = Array.from({ length: 50_000 }, (_, i) => (i % 500 === 499 ? [step(i), validation(i)] : [step(i)]));
  const all = told(events.flat());
  assert.ok(all.length <= mostEvents && all.length > mostEvents / 4, String(all.length));
  assert.equal(all.filter(e => e.type === 'validation').length, 100);
  assert.deepEqual(all.at(-1), validation(49_999));
});

test('curves by expert, the last step, and what is on disk', () => {
  const events: TrainEvent[] = [
    stepEvent(1),
    stepEvent(2),
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
