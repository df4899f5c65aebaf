import { baseFolder } from '../../experiment/baseFolder.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { promptIds } from '../../nn/tokenizer/chatTemplate.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Counts tokens with the base's own tokenizer and chat template. */
export const handle: RequestHandler<'countTokens'> = async (workbench, request) => {
  const experiment = request.recipe ? await openExperiment(request.recipe, workbench.mediaFolder) : undefined;
  const folder = experiment?.baseFolder ?? baseFolder(request.base ?? 'embedded', '', workbench.mediaFolder);
  const thinking = experiment ? generationSettingsOf(experiment.recipe).thinking : false;
  const { tokenizer, chatTemplate } = await workbench.text(folder);
  return {
    texts: (request.texts ?? []).map(text => tokenizer.encode(text, { addSpecialTokens: false }).length),
    conversation: request.conversation ? promptIds(tokenizer, chatTemplate, request.conversation, thinking).length : 0,
  };
};
