import { openExperiment } from '../../experiment/experiment.ts';
import type { EvaluateRequest, EvaluateResult } from '../../protocol/engine/engineApi.ts';
import { evaluateRun } from '../evaluation/evaluate.ts';
import { recordRun } from '../runs/recordRun.ts';
import type { RequestContext } from '../workbench/requestContext.ts';
import type { Workbench } from '../workbench/workbench.ts';

/** Evaluates a recipe's experts, as a run that other windows see. */
export async function runEvaluation(
  workbench: Workbench,
  request: EvaluateRequest,
  context: RequestContext,
): Promise<EvaluateResult> {
  const { path, paths } = await openExperiment(request.recipe, workbench.mediaFolder);
  const { id, run, sets } = request;
  return recordRun(
    { kind: 'evaluate', id: run, requestId: id, recipe: path, runFolder: paths.output, experts: [], sets },
    context,
    recorded => evaluateRun(workbench, request, recorded),
    ({ reportPath, htmlPath }) => ({ isWhole: true, result: { reportPath, htmlPath } }),
  );
}
