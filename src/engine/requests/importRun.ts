import { resolve } from 'node:path';
import { checkTrainingPlaces } from '../../experiment/checkResults.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { withExpertLocks } from '../../experiment/locks.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { recordRun } from '../runs/recordRun.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { chosenExperts } from '../training/prepareExpert.ts';
import { folderLines } from '../trainingElsewhere/folderLines.ts';
import { relayEvents } from '../trainingElsewhere/relayEvents.ts';
import { takeAdapter } from '../trainingElsewhere/takeAdapter.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** Makes what the script of an exported training has written a run of the recipe, and its adapter the expert's. */
export const handle: RequestHandler<'importRun'> = async (workbench, request, call) => {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { path, recipe, paths } = experiment;
  const [name] = chosenExperts(experiment, [request.expert]) as [string];
  const folder = resolve(request.folder);
  const experts = [{ name, adapter: paths.trainedAdapter(name) }];
  return withExpertLocks(paths, [name], async () => {
    await checkTrainingPlaces(paths, [name]);
    return recordRun(
      { kind: 'train', id: undefined, recipe: path, output: paths.output, experts: [name] },
      call,
      async (run, record) => {
        const last = await relayEvents(folderLines(folder, request.follow, run.signal), run);
        if (last === undefined)
          throw new WorkbenchError(
            'notFound',
            `${folder} has no events of a training`,
            'Name the folder results/EXPERT of the job.',
          );
        const finished = last.type === 'trained';
        if (finished) {
          const base = await openBase(experiment.baseFolder, recipe.quantization, workbench.cacheFolder, watchFor(run));
          await takeAdapter(experiment, base, name, folder, record);
        }
        return { finished, experts };
      },
      ({ finished }) => ({ isWhole: finished, result: { adapters: experts } }),
    );
  });
};
