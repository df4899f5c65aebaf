/** How the learning rate changes over a training. */
export interface RateSchedule {
  /** At its peak. */
  learningRate: number;
  schedule: 'constant' | 'linear' | 'cosine';
  /** Share of the steps over which the rate rises from 0. */
  warmup: number;
  /** Rate at the last step, as a share of the peak. */
  finalRate: number;
}

/** What one optimiser step learns from. */
export interface StepSettings {
  /** Rows of one expert in one execution of the graph. */
  batchSize: number;
  /** Batches whose gradients become one step, each trained token weighing the same. */
  accumulation: number;
}

/** How much is learned: steps, else passes over the data. */
export interface StepBudget extends StepSettings {
  steps?: number;
  epochs: number;
}

/** Learning rate of step `step` (from 1) of `steps`: linear warm-up, then constant, linear or cosine (Loshchilov & Hutter 2017). */
export function learningRate(s: RateSchedule, step: number, steps: number): number {
  const warm = Math.round(s.warmup * steps);
  if (step <= warm) return (s.learningRate * step) / warm;
  if (s.schedule === 'constant') return s.learningRate;
  const progress = steps > warm + 1 ? (step - warm - 1) / (steps - warm - 1) : 1;
  const fall = s.schedule === 'linear' ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
  return s.learningRate * (s.finalRate + (1 - s.finalRate) * fall);
}

/** Batches in which every one of `examples` examples is seen once; the last may be smaller. */
function batchesPerEpoch({ batchSize }: StepSettings, examples: number): number {
  return Math.ceil(examples / batchSize);
}

/** Batches of a training on `examples` examples: those of the steps that are asked for, else those of the epochs. */
export function batchCount(s: StepBudget, examples: number): number {
  if (s.steps !== undefined) return s.steps * s.accumulation;
  return Math.max(1, Math.ceil(s.epochs * batchesPerEpoch(s, examples)));
}

/** Optimiser steps of a training; the last may accumulate fewer batches. */
export function stepCount(s: StepBudget, examples: number): number {
  return Math.ceil(batchCount(s, examples) / s.accumulation);
}

/** Passes over the data that a training comes to. */
export function epochCount(s: StepBudget, examples: number): number {
  return batchCount(s, examples) / batchesPerEpoch(s, examples);
}

/** More points than these cannot be told apart in a picture. */
const mostPoints = 240;

/** The learning rate over a training's steps, first and last among the points, for a picture of the schedule. */
export function rateCurve(settings: RateSchedule, steps: number): { step: number; rate: number }[] {
  const every = Math.max(1, Math.ceil(steps / mostPoints));
  const shown = Array.from({ length: steps }, (_, i) => i + 1).filter(
    step => step % every === 1 % every || step === steps,
  );
  return shown.map(step => ({ step, rate: learningRate(settings, step, steps) }));
}
