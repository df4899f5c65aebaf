import { lastKeeper, listCheckpoints } from '../../experiment/checkpoints.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** The checkpoints that a run has kept; throws `badRequest` for what is no run's identity. */
export const handle: RequestHandler<'checkpoints'> = async ({ mediaFolder }, { recipe, run }) => {
  const { paths } = await openExperiment(recipe, mediaFolder);
  const meant = run ?? (await lastKeeper(paths));
  return { run: meant, checkpoints: meant ? await listCheckpoints(paths.run(meant).checkpoints) : [] };
};
