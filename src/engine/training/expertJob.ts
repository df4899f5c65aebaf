import type { TrainPlan } from '../../nn/train/trainLoop.ts';
import type { LoraSettings, TrainingSettings } from '../../recipe/schema.ts';

export interface ExpertJob {
  plan: TrainPlan;
  /** As the recipe says them, defaults filled in. */
  settings: TrainingSettings;
  lora: LoraSettings;
  targets: string[];
  dataHash: string;
}
