import { openExperiment } from '../../experiment/experiment.ts';
import { keptFolder, lastKeeper, listCheckpoints } from '../../experiment/keptCheckpoints.ts';
import type { RequestHandler } from '../workbench/requestHandler.ts';

/** The checkpoints that a run has kept; throws `badRequest` for what is no run's identity. */
export const handle: RequestHandler<'checkpoints'> = async ({ mediaFolder }, { recipe, run }) => {
  const { runFolder } = await openExperiment(recipe, mediaFolder);
  const meant = run ?? (await lastKeeper(runFolder));
  return { run: meant, checkpoints: meant ? await listCheckpoints(keptFolder(runFolder, meant)) : [] };
};
