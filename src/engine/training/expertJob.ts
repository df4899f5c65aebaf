import type { TrainPlan } from '../../nn/train/trainLoop.ts';
import type { LoraSettings } from '../../recipe/schema.ts';

export interface ExpertJob {
  plan: TrainPlan;
  lora: LoraSettings;
  targets: string[];
  dataHash: string;
}
