import type { Device } from '../shared/device.ts';
import type { TrainRequest, TrainResult } from '../shared/engineApi.ts';
import { runOn } from './devices/deviceUse.ts';
import { adapterFolder, openExperiment } from './experiment.ts';
import { openBase, watchFor } from './quantizedBase.ts';
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
  const { baseFolder, recipe } = experiment;
  const watch = watchFor(request.id, context);
  const base = await openBase(baseFolder, recipe.quantization, workbench.cacheFolder, watch);
  let finished = false;
  let hasCheckpoint = false;
  const { only, resume, id } = request;
  const train = async (device: Device) => {
    const events = trainRun({
      experiment,
      base,
      only,
      resume: resume || hasCheckpoint,
      threads: workbench.threads,
      device,
      signal: context.signal,
    });
    for await (const event of events) {
      if (event.type === 'trained') finished = true;
      if (event.type === 'checkpoint') hasCheckpoint = true;
      context.notify('trainEvent', { id, event });
    }
  };
  // What a device that gave up had computed went with it: the CPU goes on from the last checkpoint.
  await runOn(await workbench.devices.use(), train);
  const names = Object.keys(experiment.recipe.experts).filter(
    n => experiment.recipe.experts[n]!.data && (!only || only.includes(n)),
  );
  return { finished, experts: names.map(name => ({ name, adapter: adapterFolder(experiment, name) })) };
}
