import { join } from 'node:path';
import { adapterFolder, type Experiment, openExperiment } from '../../experiment/experiment.ts';
import { withExpertLocks } from '../../experiment/expertLocks.ts';
import { keptFolder, keptPath } from '../../experiment/keptCheckpoints.ts';
import { removeStaleFiles } from '../../experiment/removeStaleFiles.ts';
import type { Device } from '../../protocol/device.ts';
import type { TrainRequest, TrainResult } from '../../protocol/engine/training.ts';
import { recordRun } from '../runs/recordRun.ts';
import { runOn } from '../runtime/deviceUse.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { trainRun } from '../training/trainRun.ts';
import { type EngineCall, type RequestHandler, watchFor } from '../workbench/requestHandler.ts';
import type { Workbench } from '../workbench/workbench.ts';

/** Trains a recipe's experts, telling every event, with what an earlier process may have left behind put away first. */
export const handle: RequestHandler<'train'> = async (workbench, request, call) => {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { path, recipe, runFolder } = experiment;
  const { only, run: id } = request;
  const names = Object.keys(recipe.experts).filter(n => recipe.experts[n]!.data && (!only || only.includes(n)));
  const run = { kind: 'train', id, recipe: path, runFolder, experts: names } as const;
  return withExpertLocks(runFolder, names, async () => {
    await removeStaleFiles(runFolder);
    return recordRun(
      run,
      call,
      (recorded, folder) => trainExperts(workbench, experiment, names, request, recorded, join(folder, 'checkpoints')),
      ({ finished, experts }) => ({ isWhole: finished, result: { adapters: experts } }),
    );
  });
};

async function trainExperts(
  workbench: Workbench,
  experiment: Experiment,
  names: string[],
  { only, resume, from }: TrainRequest,
  call: EngineCall<'train'>,
  keepIn: string,
): Promise<TrainResult> {
  const { baseFolder, recipe } = experiment;
  const watch = watchFor(call);
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
      ...(from && { from: keptPath(keptFolder(experiment.runFolder, from.run), from.step) }),
      keepIn,
      threads: workbench.threads,
      device,
      halfFloats: use.halfFloats,
      memoryLimit: workbench.memoryLimit,
      signal: call.signal,
    });
    for await (const event of events) {
      if (event.type === 'trained') finished = true;
      if (event.type === 'checkpoint') hasCheckpoint = true;
      call.progress({ kind: 'event', event });
    }
  };
  // What a device that gave up had computed went with it: the CPU goes on from the last checkpoint.
  await runOn(use, train);
  return { finished, experts: names.map(name => ({ name, adapter: adapterFolder(experiment, name) })) };
}
