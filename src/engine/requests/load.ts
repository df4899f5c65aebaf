import { adapterFolder, openExperiment } from '../../experiment/experiment.ts';
import type { Loaded, LoadRequest, UnloadRequest } from '../../protocol/engine/loaded.ts';
import type { RequestContext } from '../workbench/requestContext.ts';
import { watchFor } from '../workbench/requestContext.ts';
import type { Workbench } from '../workbench/workbench.ts';

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
