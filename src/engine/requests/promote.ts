import { hashBase, loadBase } from '../../experiment/base.ts';
import { readCheckpoint } from '../../experiment/checkpoints.ts';
import { checkTrainedPlace, kindOf } from '../../experiment/checkResults.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { keepAdapter } from '../../experiment/keepAdapter.ts';
import { withExpertLocks } from '../../experiment/locks.ts';
import { removeStaleResults } from '../../experiment/removeStaleResults.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { isWritten, writeTrained } from '../training/trainedAdapter.ts';
import type { RequestHandler } from '../workbench/request.ts';

/**
 * Makes a checkpoint's factors an expert's adapter; the adapter that was there is kept aside, as are those before it.
 * Throws `badRequest` where what is there is no adapter of a training, `notFound`, `mismatch` where the base is another one, `busy` while the expert is being trained.
 */
export const handle: RequestHandler<'promote'> = async (workbench, request) => {
  const { run, step, expert, best } = request;
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { paths } = experiment;
  const path = paths.run(run).checkpoint(step);
  return withExpertLocks(paths, [expert], async () => {
    await removeStaleResults(paths);
    await checkTrainedPlace(paths, expert);
    const checkpoint = await readCheckpoint(path);
    const own = checkpoint?.position.experts[expert];
    const origin = checkpoint?.origin?.experts.find(({ name }) => name === expert);
    if (!checkpoint || !own || !origin)
      throw new WorkbenchError(
        'notFound',
        `there is no checkpoint of '${expert}' at step ${step} of this run`,
        'It may have been removed to make room for later ones.',
      );
    if (best && !own.best)
      throw new WorkbenchError(
        'badRequest',
        `'${expert}' was not validated before step ${step}`,
        'Take the step itself.',
      );
    const base = await loadBase(experiment.baseFolder, { cacheFolder: workbench.cacheFolder });
    const { baseHash } = checkpoint.origin!;
    if ((await hashBase(base)) !== baseHash)
      throw new WorkbenchError('mismatch', `${path} is of a run on another base`, "Restore the recipe's base.");
    const state = checkpoint.states.get(expert)!;
    const factors = best ? state.best : state.parameter;
    // The same again, as when the engine was killed just after it: what was kept then is the one before.
    const isAgain =
      (await kindOf(paths.previousAdapter(expert))) === 'folder' && (await isWritten(paths, base, origin, factors));
    const previous = isAgain ? paths.previousAdapter(expert) : await keepAdapter(paths, expert);
    await writeTrained(paths, base, origin, factors, {
      // What is written is of this step, whatever was learned later.
      step: best ? own.best!.step : own.step,
      tokens: own.tokens,
      best: own.best,
      baseHash,
      curve: checkpoint.curves.find(curve => curve.expert === expert)!,
    });
    return { adapter: paths.trainedAdapter(expert), previous };
  });
};
