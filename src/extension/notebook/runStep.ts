import type { RecipeStep } from '../../recipe/schema.ts';
import { askBlends, askStep } from './askStep.ts';
import { mergeStep } from './mergeStep.ts';
import { evaluateStep, trainStep } from './runningSteps.ts';
import type { StepContext } from './stepContext.ts';

/** Runs a step and shows what comes of it while it comes. */
export async function runStep(step: RecipeStep, context: StepContext): Promise<void> {
  switch (step.do) {
    case 'note':
      return;
    case 'train':
      return trainStep(step, context);
    case 'ask':
      return askStep(step, context);
    case 'blend':
      return askBlends(step, context);
    case 'merge':
      return mergeStep(step, context);
    case 'evaluate':
      return evaluateStep(step, context);
  }
}
