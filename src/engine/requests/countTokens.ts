import { baseFolder } from '../../experiment/baseFolder.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { promptIds } from '../../nn/tokenizer/chatTemplate.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Counts tokens with the base's own tokenizer and chat template. */
export const handle: RequestHandler<'countTokens'> = async (workbench, request) => {
  const folder = request.recipe
    ? (await openExperiment(request.recipe, workbench.mediaFolder)).baseFolder
    : baseFolder(request.base ?? 'embedded', '', workbench.mediaFolder);
  const { tokenizer, chatTemplate } = await workbench.text(folder);
  return {
    texts: (request.texts ?? []).map(text => tokenizer.encode(text, { addSpecialTokens: false }).length),
    conversation: request.conversation ? promptIds(tokenizer, chatTemplate, request.conversation).length : 0,
  };
};
