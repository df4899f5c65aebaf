import type { Disposable, Uri } from 'vscode';
import { recipeName } from '../../experiment/paths.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { nameRecipe } from '../runs/chooseTarget.ts';
import { registerPanels } from '../webviews/webviewPanel.ts';
import type { TrainingViewOptions } from './trainingView.ts';

export interface TrainingPanels extends Disposable {
  /** Opens the training view of a recipe. */
  open(recipe?: Uri): Promise<void>;
}

/** One panel per recipe. What it takes is loaded with the first that is opened. */
export function registerTrainingPanels(options: TrainingViewOptions, active: ActiveRecipe): TrainingPanels {
  const panels = registerPanels({
    name: 'training',
    title: recipe => `Training: ${recipeName(recipe)}`,
    connect(webview, recipe) {
      const view = import('./trainingView.ts').then(({ connectTrainingView }) =>
        connectTrainingView(webview, recipe, options),
      );
      return { dispose: () => void view.then(connected => connected.dispose()) };
    },
  });
  return {
    async open(named) {
      const recipe = await nameRecipe(active, named, 'Recipe whose experts are trained');
      if (recipe) panels.open(recipe.fsPath);
    },
    dispose: () => panels.dispose(),
  };
}
