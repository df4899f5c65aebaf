import { adapterFolder, type Experiment, openExperiment } from '../../experiment/experiment.ts';
import { withExpertLocks } from '../../experiment/expertLocks.ts';
import { runPaths } from '../../experiment/paths.ts';
import { removeStaleFiles } from '../../experiment/removeStaleFiles.ts';
import type { Device } from '../../protocol/device.ts';
import type { TrainRequest, TrainResult } from '../../protocol/engine/engineApi.ts';
import { recordRun } from '../runs/recordRun.ts';
import { runOn } from '../runtime/deviceUse.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { trainRun } from '../training/trainRun.ts';
import type { RequestContext } from '../workbench/requestContext.ts';
import { watchFor } from '../workbench/requestContext.ts';
import type { Workbench } from '../workbench/workbench.ts';

/** Trains a recipe's experts, telling every event, with what an earlier process may have left behind put away first. */
export async function runTraining(
  workbench: Workbench,
  request: TrainRequest,
  context: RequestContext,
): Promise<TrainResult> {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { path, recipe, paths } = experiment;
  const { only, run: runId, id } = request;
  const names = Object.keys(recipe.experts).filter(n => recipe.experts[n]!.data && (!only || only.includes(n)));
  const run = {
    kind: 'train',
    id: runId,
    requestId: id,
    recipe: path,
    runFolder: paths.output,
    experts: names,
  } as const;
  return withExpertLocks(paths, names, async () => {
    await removeStaleFiles(paths.output);
    return recordRun(
      run,
      context,
      (recorded, folder) => trainExperts(workbench, experiment, names, request, recorded, runPaths(folder).checkpoints),
      ({ finished, experts }) => ({ isWhole: finished, result: { adapters: experts } }),
    );
  });
}

async function trainExperts(
  workbench: Workbench,
  experiment: Experiment,
  names: string[],
  { only, resume, from, id }: TrainRequest,
  context: RequestContext,
  keepIn: string,
): Promise<TrainResult> {
  const { baseFolder, recipe } = experiment;
  const watch = watchFor(id, context);
  const base = await openBase(baseFolder, recipe.quantization, workbench.cacheFolder, watch);
  const use = await workbench.devices.use();
  let finished = false;
  let hasCheckpoint = false;
  const train = async (device: Device) => {
    const events = trainRun({
      experiment,
      base,
      only,
      resume: resume || hasCheckpoint,
      ...(from && { from: experiment.paths.run(from.run).checkpoint(from.step) }),
      keepIn,
      threads: workbench.threads,
      device,
      halfFloats: use.halfFloats,
      memoryLimit: workbench.memoryLimit,
      signal: context.signal,
    });
    for await (const event of events) {
      if (event.type === 'trained') finished = true;
      if (event.type === 'checkpoint') hasCheckpoint = true;
      context.notify('trainEvent', { id, event });
    }
  };
  // What a device that gave up had computed went with it: the CPU goes on from the last checkpoint.
  await runOn(use, train);
  return { finished, experts: names.map(name => ({ name, adapter: adapterFolder(experiment, name) })) };
}
