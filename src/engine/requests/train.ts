import { checkTrainingPlaces } from '../../experiment/checkResults.ts';
import { adapterFolder, openExperiment } from '../../experiment/experiment.ts';
import { withExpertLocks } from '../../experiment/locks.ts';
import { runPaths } from '../../experiment/paths.ts';
import { readRunRecord } from '../../experiment/runs.ts';
import { recordRun } from '../runs/recordRun.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { roundingMessage } from '../training/int8Base.ts';
import { trainOn } from '../training/trainRun.ts';
import { trainElsewhere } from '../trainingElsewhere/trainElsewhere.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** Trains a recipe's experts, telling every event. What lies where it is going to write and no training wrote is refused first. */
export const handle: RequestHandler<'train'> = async (workbench, request, call) => {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { path, recipe, paths } = experiment;
  const { only, resume, run: id, from, allowCut } = request;
  // A run that goes on does so where it was begun.
  const begun = id ? await readRunRecord(paths.run(id).folder) : undefined;
  if (begun?.on)
    return trainElsewhere(workbench, { recipe: path, expert: begun.experts[0]!, on: begun.on, resume, run: id }, call);
  const names = Object.keys(recipe.experts).filter(n => recipe.experts[n]!.data && (!only || only.includes(n)));
  const experts = names.map(name => ({ name, adapter: adapterFolder(experiment, name) }));
  return withExpertLocks(paths, names, async () => {
    await checkTrainingPlaces(paths, names);
    return recordRun(
      { kind: 'train', id, recipe: path, output: paths.output, experts: names },
      call,
      async (run, folder, note) => {
        const job = {
          experiment,
          base: await openBase(experiment.baseFolder, recipe.quantization, workbench.cacheFolder, watchFor(run)),
          only,
          resume,
          allowCut,
          // Told, and not recorded: the record's progress is that of its steps.
          watch: { ...watchFor(call, 'tokenising the data'), signal: run.signal },
          copyWatch: watchFor(call, roundingMessage),
          cacheFolder: workbench.cacheFolder,
          from: from && paths.run(from.run).checkpoint(from.step),
          keepIn: runPaths(folder).checkpoints,
          threads: workbench.threads,
          memoryLimit: workbench.memoryLimit,
          signal: run.signal,
          note,
          tell: workbench.tell,
        };
        let finished = false;
        for await (const event of trainOn(await workbench.devices.use(), job)) {
          finished ||= event.type === 'trained';
          run.progress({ kind: 'event', event });
        }
        return { finished, experts };
      },
      ({ finished }) => ({ isWhole: finished, result: { adapters: experts } }),
    );
  });
};
