import { join } from 'node:path';
import { openPlanBase } from '../../experiment/base.ts';
import { encodeForTraining, longestExample, readExamples } from '../../experiment/dataFiles.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { tokenTexts } from '../../nn/decode/detokenize.ts';
import { ignoreLabel } from '../../nn/tokenizer/encodeExample.ts';
import type { PreviewedExample } from '../../protocol/engine/training.ts';
import { generationSettingsOf, readingOf, trainingSettingsOf } from '../../recipe/settings.ts';
import { chosenExperts } from '../training/prepareExpert.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** What an expert will learn from, by the code that trains it. Weights are not loaded. Throws `badData` as training does. */
export const handle: RequestHandler<'previewData'> = async ({ mediaFolder }, { recipe: path, text, expert, rows }) => {
  const experiment = await openExperiment(path, mediaFolder, text);
  const { recipe, baseFolder, folder } = experiment;
  chosenExperts(experiment, [expert]);
  const { base } = await openPlanBase(baseFolder, 'none', join(mediaFolder, 'base'));
  const data = recipe.experts[expert]!.data!;
  const file = data.train;
  const settings = trainingSettingsOf(recipe, expert);
  const { thinking } = generationSettingsOf(recipe);
  const examples = await readExamples(folder, file, readingOf(data));
  const { tokenizer } = base.text();
  return {
    file,
    examples: examples.length,
    maxLength: longestExample(base, settings),
    rows: examples.slice(0, rows).map((example): PreviewedExample => {
      const { ids, labels, cut } = encodeForTraining(base, example, { ...settings, thinking });
      const texts = tokenTexts(tokenizer, ids);
      return { cut, tokens: texts.map((t, i) => ({ text: t, isTrained: labels[i] !== ignoreLabel })) };
    }),
  };
};
