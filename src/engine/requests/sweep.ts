import { openExperiment } from '../../experiment/experiment.ts';
import { defaultLearningRate } from '../../nn/train/defaultRate.ts';
import { checkedGrid, ratesAround, sweepSteps } from '../../nn/train/sweepGrid.ts';
import { loraSettingsOf } from '../../recipe/settings.ts';
import { matMulRate } from '../runtime/matMulRate.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { chosenExperts } from '../training/prepareExpert.ts';
import { sweepExpert } from '../training/sweepRun.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** Compares learning rates and ranks of an expert by short trainings. What was done is kept when it is cancelled. */
export const handle: RequestHandler<'sweep'> = async (workbench, request, call) => {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const { recipe, baseFolder } = experiment;
  const [expert] = chosenExperts(experiment, request.expert === undefined ? undefined : [request.expert]);
  const base = await openBase(baseFolder, recipe.quantization, workbench.cacheFolder, watchFor(call));
  const grid = checkedGrid({
    rates: request.rates ?? ratesAround(defaultLearningRate(base.config)),
    ranks: request.ranks ?? [loraSettingsOf(recipe, expert!).rank],
    steps: request.steps ?? sweepSteps,
  });
  const use = await workbench.devices.use();
  const { finished, sweep, paths } = await sweepExpert({
    experiment,
    base,
    expert: expert!,
    grid,
    use,
    threads: workbench.threads,
    memoryLimit: workbench.memoryLimit,
    matMulRate: await matMulRate(workbench.threads, use.device),
    watch: watchFor(call, 'tokenising the data'),
    cacheFolder: workbench.cacheFolder,
    tell: event => call.progress({ kind: 'event', event }),
    signal: call.signal,
  });
  return { finished, sweep, dataPath: paths.data, pagePath: paths.page };
};
