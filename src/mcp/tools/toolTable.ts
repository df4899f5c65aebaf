import type { Tool } from '../tool.ts';
import { ask, blend, routePrompts } from './ask.ts';
import { checkRecipe } from './checkRecipe.ts';
import { compare } from './compare.ts';
import { evaluate } from './evaluate.ts';
import { explainRecipe } from './explainRecipe.ts';
import { doctor, listModels } from './machine.ts';
import { exportAdapter, merge } from './merge.ts';
import { plan } from './plan.ts';
import { previewData } from './previewData.ts';
import { followRun, listRuns, stopRun } from './runs.ts';
import { train } from './train.ts';

/** What agents can do, in the order in which an experiment is done. */
export const tools: readonly Tool[] = [
  checkRecipe,
  explainRecipe,
  previewData,
  plan,
  train,
  listRuns,
  followRun,
  stopRun,
  evaluate,
  compare,
  ask,
  routePrompts,
  blend,
  merge,
  exportAdapter,
  listModels,
  doctor,
];
