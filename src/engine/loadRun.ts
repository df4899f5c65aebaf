import type { Loaded, LoadRequest, UnloadRequest } from '../shared/engineApiLoaded.ts';
import { adapterFolder, openExperiment } from './experiment.ts';
import { watchFor } from './quantizedBase.ts';
import type { RequestContext } from './requestContext.ts';
import type { Workbench } from './workbench.ts';

/** Compiles a recipe's base and puts experts into its bank. Throws `notFound` for one that is not trained. */
export async function loadRun(
  workbench: Workbench,
  { recipe, experts, id }: LoadRequest,
  context: RequestContext,
): Promise<Loaded> {
  const open = await workbench.open(recipe, watchFor(id, context));
  await open.load(experts);
  return workbench.loaded();
}

/** Takes experts of a recipe out of the bank. */
export async function unloadRun(workbench: Workbench, { recipe, experts }: UnloadRequest): Promise<Loaded> {
  const experiment = await openExperiment(recipe, workbench.mediaFolder);
  workbench.unload(experts.map(name => adapterFolder(experiment, name)));
  return workbench.loaded();
}
