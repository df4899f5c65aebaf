import { checkReportPlaces } from '../../experiment/checkResults.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { evaluateRecipe } from '../evaluation/evaluate.ts';
import { recordRun } from '../runs/recordRun.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Evaluates a recipe's experts, as a run that other windows see. */
export const handle: RequestHandler<'evaluate'> = async (workbench, request, call) => {
  const { path, paths } = await openExperiment(request.recipe, workbench.mediaFolder);
  const { run, sets } = request;
  await checkReportPlaces(paths);
  return recordRun(
    { kind: 'evaluate', id: run, recipe: path, output: paths.output, experts: [], sets },
    call,
    recorded => evaluateRecipe(workbench, request, recorded),
    ({ reportPath, htmlPath }) => ({ isWhole: true, result: { reportPath, htmlPath } }),
  );
};
