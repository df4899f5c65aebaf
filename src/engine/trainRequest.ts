import type { TrainRequest, TrainResult } from '../shared/engineApi.ts';
import { adapterFolder, openExperiment } from './experiment.ts';
import { loadBase } from './loadBase.ts';
import type { RequestContext } from './requestContext.ts';
import { trainRun } from './trainRun.ts';
import type { Workbench } from './workbench.ts';

/** Trains a recipe's experts, telling every event. */
export async function runTraining(
  workbench: Workbench,
  request: TrainRequest,
  context: RequestContext,
): Promise<TrainResult> {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const base = await loadBase(experiment.baseFolder);
  let finished = false;
  const { only, resume, id } = request;
  for await (const event of trainRun({
    experiment,
    base,
    only,
    resume,
    threads: workbench.threads,
    signal: context.signal,
  })) {
    if (event.type === 'trained') finished = true;
    context.notify('trainEvent', { id, event });
  }
  const names = Object.keys(experiment.recipe.experts).filter(
    n => experiment.recipe.experts[n]!.data && (!only || only.includes(n)),
  );
  return { finished, experts: names.map(name => ({ name, adapter: adapterFolder(experiment, name) })) };
}
