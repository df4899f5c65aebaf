import type { Uri } from 'vscode';
import type { StepOutput } from '../../protocol/notebookOutput.ts';
import type { Recipe, RecipeStep } from '../../recipe/schema.ts';
import type { Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';

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
