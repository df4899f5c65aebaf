import type { Base } from '../../experiment/base.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { hashName } from '../../nn/lora/initFactors.ts';
import { Random } from '../../nn/tensor/random.ts';
import type { EncodedExample } from '../../nn/train/assembleBatch.ts';
import { generationSettingsOf, trainingSettingsOf } from '../../recipe/settings.ts';
import { encodeData } from '../training/encodeData.ts';
import { readTrainingRows } from '../training/prepareExpert.ts';

/**
 * Some of the examples that an expert learns from, in tokens as training reads them, the same with every run of the
 * recipe's seed. Those set aside for validation are not among them. Throws as preparing a training does.
 */
export async function drawExamples(
  e: Experiment,
  base: Base,
  { expert, count, cacheFolder }: { expert: string; count: number; cacheFolder?: string },
  watch?: WorkWatch,
): Promise<EncodedExample[]> {
  const { train } = await readTrainingRows(e, expert);
  const random = new Random((e.recipe.seed ^ hashName(expert)) >>> 0);
  const drawn = random.shuffle([...train.examples]).slice(0, count);
  const settings = { ...trainingSettingsOf(e.recipe, expert), thinking: generationSettingsOf(e.recipe).thinking };
  const place = { folder: e.folder, file: e.recipe.experts[expert]!.data!.train, cacheFolder };
  return (await encodeData(base, drawn, settings, place, watch)).examples;
}
