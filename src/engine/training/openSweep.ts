import { openExperiment } from '../../experiment/experiment.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { defaultLearningRate } from '../../nn/train/defaultRate.ts';
import { checkedGrid, ratesAround, sweepSteps } from '../../nn/train/sweepGrid.ts';
import type { EngineParams } from '../../protocol/engine/engineApi.ts';
import { loraSettingsOf } from '../../recipe/settings.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { chosenExperts } from './prepareExpert.ts';
import type { SweepOf } from './sweepRecord.ts';

/** What a request for a sweep is of, what it leaves open filled in. Throws as openExperiment, chosenExperts and checkedGrid. */
export async function openSweep(
  request: EngineParams<'sweep'>,
  { mediaFolder, cacheFolder }: { mediaFolder: string; cacheFolder: string },
  watch: WorkWatch,
): Promise<SweepOf> {
  const experiment = await openExperiment(request.recipe, mediaFolder);
  const { recipe, baseFolder } = experiment;
  const [expert] = chosenExperts(experiment, request.expert === undefined ? undefined : [request.expert]);
  const base = await openBase(baseFolder, recipe.quantization, cacheFolder, watch);
  const grid = checkedGrid({
    rates: request.rates ?? ratesAround(defaultLearningRate(base.config)),
    ranks: request.ranks ?? [loraSettingsOf(recipe, expert!).rank],
    steps: request.steps ?? sweepSteps,
  });
  return { experiment, base, expert: expert!, grid };
}
