import { learningRate } from './schedule.ts';
import type { RateSchedule } from './trainSettings.ts';

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
