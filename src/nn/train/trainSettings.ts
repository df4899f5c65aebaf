import type { AdamWSettings } from './adamw.ts';

/** How the learning rate goes over a training. */
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
  /** Rows of one expert in one run of the graph. */
  batchSize: number;
  /** Runs whose gradients are averaged into one step. */
  accumulation: number;
}

/** How much is learned: steps, else passes over the data. */
export interface StepBudget extends StepSettings {
  steps?: number;
  epochs: number;
}

/** What the loop of a training follows; 'training' of a recipe has these keys, and says their defaults. */
export interface TrainSettings extends AdamWSettings, RateSchedule, StepSettings {
  /** Steps between validation losses; 0 for none. */
  validateEvery: number;
  /** Validations without a better loss after which an expert stops; 0 for never. */
  patience: number;
  /** Steps between checkpoints; 0 for none. */
  checkpointEvery: number;
}
