import { baseFolder } from '../../experiment/baseFolder.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** A text's tokens; needs the base's tokenizer, not its weights. */
export const handle: RequestHandler<'tokenize'> = async (workbench, request) => {
  const folder = request.recipe
    ? (await openExperiment(request.recipe, workbench.mediaFolder)).baseFolder
    : baseFolder(request.base ?? 'embedded', '', workbench.mediaFolder);
  const { tokenizer } = await workbench.text(folder);
  const ids = tokenizer.encode(request.text, { addSpecialTokens: request.addSpecialTokens ?? false });
  return { tokens: ids.map(id => ({ id, text: tokenizer.decode([id], { cleanUp: false }) })) };
};
