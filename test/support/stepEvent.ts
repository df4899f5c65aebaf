import type { TrainEvent } from '../../src/protocol/trainEvents.ts';

/** Step n of 9 of a run of one expert, math, with figures that follow from n. */
export const stepEvent = (n: number): TrainEvent => ({
  type: 'step',
  step: n,
  steps: 9,
  experts: { math: { loss: 10 - n, learningRate: n / 100, gradientNorm: 1 } },
  tokensPerSecond: 100,
  secondsLeft: 9 - n,
  residentBytes: 1000,
});
