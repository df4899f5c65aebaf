import { adapterFolder, openExperiment } from '../../experiment/experiment.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Takes experts of a recipe out of the bank. */
export const handle: RequestHandler<'unload'> = async (workbench, { recipe, experts }) => {
  const experiment = await openExperiment(recipe, workbench.mediaFolder);
  workbench.unload(experts.map(name => adapterFolder(experiment, name)));
  return workbench.loaded();
};
