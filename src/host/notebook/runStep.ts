import type { Uri } from 'vscode';
import type { StepOutput } from '../../shared/notebookOutput.ts';
import type { Recipe, RecipeStep } from '../../shared/recipe.ts';
import type { HostEngine } from '../hostEngine.ts';
import type { Runs } from '../runs/runs.ts';
import { askBlends, askStep } from './askStep.ts';
import { mergeStep } from './mergeStep.ts';
import { evaluateStep, trainStep } from './runningSteps.ts';

/** A step that is being run, and the notebook around it. */
export interface StepContext {
  uri: Uri;
  recipe: Recipe;
  engine: HostEngine;
  runs: Runs;
  /** The user stops the step. */
  signal: AbortSignal;
  /** Shows what has come of it so far. */
  show(make: () => StepOutput): void;
}

export type StepOf<K extends RecipeStep['do']> = Extract<RecipeStep, { do: K }>;

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
