import { Disposable } from 'vscode';
import { registerBlendLab } from './blend/blendLab.ts';
import { registerReportEditor } from './report/reportEditor.ts';
import { registerTrainingPanels } from './training/trainingPanels.ts';
import type { ViewParts } from './webviews/viewParts.ts';

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
