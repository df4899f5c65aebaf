import { join } from 'node:path';
import { hashBase, loadBase } from '../../experiment/base.ts';
import { readCheckpoint } from '../../experiment/checkpoints.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { copyFilesAtomic, folderFiles } from '../../experiment/files.ts';
import { withExpertLocks } from '../../experiment/locks.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { writeTrained } from '../training/trainedAdapter.ts';
import type { RequestHandler } from '../workbench/request.ts';

/**
 * Makes a checkpoint's factors an expert's adapter; the adapter that was there is kept aside.
 * Throws `notFound`, `mismatch` where the base is another one, `busy` while the expert is being trained.
 */
export const handle: RequestHandler<'promote'> = async (workbench, request) => {
  const { run, step, expert, best } = request;
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { paths } = experiment;
  const path = paths.run(run).checkpoint(step);
  return withExpertLocks(paths, [expert], async () => {
    const checkpoint = await readCheckpoint(path);
    const own = checkpoint?.position.experts[expert];
    const origin = checkpoint?.origin?.experts.find(({ name }) => name === expert);
    if (!checkpoint || !own || !origin)
      throw new WorkbenchError(
        'notFound',
        `there is no checkpoint of '${expert}' at step ${step} of this run`,
        'It may have made way for later ones.',
      );
    if (best && !own.best)
      throw new WorkbenchError(
        'badRequest',
        `'${expert}' was not validated before step ${step}`,
        'Take the step itself.',
      );
    const base = await loadBase(experiment.baseFolder);
    const { baseHash } = checkpoint.origin!;
    if ((await hashBase(base)) !== baseHash)
      throw new WorkbenchError('mismatch', `${path} is of a run on another base`, "Restore the recipe's base.");
    const previous = await keepAside(paths.trainedAdapter(expert), paths.previousAdapter(expert));
    const state = checkpoint.states.get(expert)!;
    await writeTrained(paths, base, origin, best ? state.best : state.parameter, {
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

/** Copies a folder, in the place of what was kept before; undefined where there is none. */
async function keepAside(folder: string, to: string): Promise<string | undefined> {
  const names = await folderFiles(folder).catch(() => undefined);
  if (!names) return undefined;
  const paths = names.map(name => join(folder, name));
  await copyFilesAtomic(paths, to, 'the adapter');
  return to;
}
