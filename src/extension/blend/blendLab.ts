import type { Disposable, Uri } from 'vscode';
import { recipeName } from '../../experiment/paths.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { chooseRecipe } from '../runs/chooseTarget.ts';
import type { Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { registerPanels, type ViewContext } from '../webviews/webviewPanel.ts';
import type { BlendView } from './blendView.ts';

export interface BlendLab extends Disposable {
  /** Opens the lab of a recipe, with one of its blends where that is named. */
  open(recipe?: Uri, blend?: string): Promise<void>;
}

/** One lab per recipe. What it takes is loaded with the first that is opened. */
export function registerBlendLab(context: ViewContext, engine: HostEngine, runs: Runs, active: ActiveRecipe): BlendLab {
  const views = new Map<string, Promise<BlendView>>();
  /** Blends that labs are to open with. */
  const wanted = new Map<string, string>();
  const panels = registerPanels({
    name: 'blend',
    title: recipe => `Blend Lab: ${recipeName(recipe)}`,
    connect(webview, recipe) {
      const opened = wanted.get(recipe);
      wanted.delete(recipe);
      const view = import('./blendView.ts').then(({ connectBlendView }) =>
        connectBlendView(webview, { recipe, opened, context, engine, runs }),
      );
      views.set(recipe, view);
      return {
        dispose() {
          views.delete(recipe);
          void view.then(connected => connected.dispose());
        },
      };
    },
  });
  return {
    async open(named, blend) {
      const recipe = (await chooseRecipe(active, named, 'Recipe whose experts are blended'))?.fsPath;
      if (recipe === undefined) return;
      const there = views.get(recipe);
      if (blend !== undefined && !there) wanted.set(recipe, blend);
      panels.open(recipe);
      if (blend !== undefined) (await there)?.show(blend);
    },
    dispose: () => panels.dispose(),
  };
}
