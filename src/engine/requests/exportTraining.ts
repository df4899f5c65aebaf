import { resolve } from 'node:path';
import { openExperiment } from '../../experiment/experiment.ts';
import { chosenExperts } from '../training/prepareExpert.ts';
import { writeTrainingJob } from '../trainingElsewhere/writeTrainingJob.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** Writes the training of a recipe's experts as a folder that runs elsewhere. */
export const handle: RequestHandler<'exportTraining'> = async (workbench, { recipe, only, to, out }, call) => {
  const e = await openExperiment(recipe, workbench.mediaFolder);
  const { mediaFolder, cacheFolder, threads } = workbench;
  const { folder, commands, notes, job } = await writeTrainingJob(e, {
    form: to,
    names: chosenExperts(e, only),
    out: resolve(out),
    mediaFolder,
    cacheFolder,
    threads,
    ...watchFor(call, 'tokenising the data'),
  });
  return { folder, experts: Object.keys(job.experts), commands, notes };
};
