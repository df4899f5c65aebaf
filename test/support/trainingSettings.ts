import { type BaseTrainingSettings, type TrainingSettings, trainingSettings } from '../../src/recipe/schema.ts';

/** The settings of a training without a base, by which the recipe's default of the rate could be known. */
export function settingsWith(settings: Partial<TrainingSettings> = {}): BaseTrainingSettings {
  const { learningRate, ...others } = trainingSettings.parse(settings);
  return { ...others, learningRate: learningRate === 'auto' ? 2e-3 : learningRate };
}
