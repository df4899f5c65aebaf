import type { TrainPlan } from '../core/train/trainLoop.ts';
import type { LoraSettings } from '../shared/recipe.ts';

export interface ExpertJob {
  plan: TrainPlan;
  lora: LoraSettings;
  targets: string[];
  dataHash: string;
}
