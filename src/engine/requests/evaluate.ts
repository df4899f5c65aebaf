import { checkReportPlaces } from '../../experiment/checkResults.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { mayBeSent } from '../elsewhere/mayBeSent.ts';
import { evaluateRecipe } from '../evaluation/evaluate.ts';
import { recordRun } from '../runs/recordRun.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Evaluates a recipe's experts, as a run that other windows see. */
export const handle: RequestHandler<'evaluate'> = async (workbench, request, call) => {
  const { path, paths, recipe } = await openExperiment(request.recipe, workbench.mediaFolder);
  const { run, sets, engines = [recipe.answering], servers } = request;
  // Before anything is measured here.
  for (const name of engines) mayBeSent(workbench, recipe, name, servers);
  await checkReportPlaces(paths);
  return recordRun(
    { kind: 'evaluate', id: run, recipe: path, output: paths.output, experts: [], sets },
    call,
    recorded => evaluateRecipe(workbench, request, recorded),
    ({ reportPath, htmlPath }) => ({ isWhole: true, result: { reportPath, htmlPath } }),
  );
};
