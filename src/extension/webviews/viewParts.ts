import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import type { Run, Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
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
