import { promptIds } from '../core/tokenizer/chatTemplate.ts';
import type { CountTokensRequest, CountTokensResult } from '../shared/engineApi.ts';
import { baseFolder, openExperiment } from './experiment.ts';
import type { Workbench } from './workbench.ts';

/** Counts tokens with the base's own tokenizer and chat template. */
export async function countTokensRun(workbench: Workbench, request: CountTokensRequest): Promise<CountTokensResult> {
  const folder = request.recipe
    ? (await openExperiment(request.recipe, workbench.mediaFolder)).baseFolder
    : baseFolder(request.base ?? 'embedded', '', workbench.mediaFolder);
  const { tokenizer, chatTemplate } = await workbench.text(folder);
  return {
    texts: (request.texts ?? []).map(text => tokenizer.encode(text, { addSpecialTokens: false }).length),
    conversation: request.conversation ? promptIds(tokenizer, chatTemplate, request.conversation).length : 0,
  };
}
