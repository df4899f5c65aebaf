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
  /** Graph executions whose gradients are averaged into one step. */
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

/** Examples that one optimiser step learns from: a batch holds an example once. */
export function rowsPerStep({ batchSize, accumulation }: StepSettings, examples: number): number {
  return Math.min(batchSize, examples) * accumulation;
}

/** Optimiser steps on `examples` examples: those that are asked for, else as many as the epochs take. */
export function stepCount(s: StepBudget, examples: number): number {
  return s.steps ?? Math.max(1, Math.ceil((s.epochs * examples) / (s.batchSize * s.accumulation)));
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
