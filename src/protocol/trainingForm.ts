/** What a recipe's training can be exported to. */
export const trainingForms = ['trl', 'ray', 'skypilot', 'hf-jobs', 'axolotl', 'llama-factory'] as const;
export type TrainingForm = (typeof trainingForms)[number];
