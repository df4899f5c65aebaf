import { Disposable } from 'vscode';
import type { HostEngine } from '../hostEngine.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import type { Run, Runs } from '../runs/runs.ts';
import { registerBlendLab } from './blend/blendLab.ts';
import { registerReportEditor } from './reportEditor.ts';
import { registerTrainingPanels } from './training/trainingPanels.ts';
import type { ViewContext } from './webviewPanel.ts';

/** What the views work with. */
export interface ViewParts {
  context: ViewContext;
  engine: HostEngine;
  runs: Runs;
  active: ActiveRecipe;
  /** Tells of a run whose view was closed. */
  follow(run: Run): void;
}

/** The views, and the commands that open them. */
export function registerViews(parts: ViewParts) {
  const { context, engine, runs, active } = parts;
  const blendLab = registerBlendLab(context, engine, runs, active);
  const training = registerTrainingPanels(parts);
  const views = Disposable.from(registerReportEditor(context), blendLab, training);
  return {
    handlers: { 'multiLora.openBlendLab': blendLab.open, 'multiLora.openTraining': training.open },
    dispose: () => views.dispose(),
  };
}
