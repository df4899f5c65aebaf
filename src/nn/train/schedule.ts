import type { RateSchedule, StepBudget, StepSettings } from './trainSettings.ts';

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
