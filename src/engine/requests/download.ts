import { isOllamaBase } from '../../hub/ollamaName.ts';
import { parseRepoName } from '../../hub/repoName.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { downloadModel } from '../hub/downloadModel.ts';
import { hubAccess } from '../hub/hubAccess.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Downloads a base into the Hugging Face cache, from the hub or from the mirror that HF_ENDPOINT or the request names. */
export const handle: RequestHandler<'download'> = async (_workbench, request, { signal, progress }) => {
  const { repo } = request;
  const named = parseRepoName(request.revision === undefined ? repo : `${repo}@${request.revision}`);
  if (!named)
    throw new WorkbenchError(
      'badRequest',
      `'${repo}'${request.revision === undefined ? '' : ` at '${request.revision}'`} cannot be a model of the hub`,
      isOllamaBase(repo)
        ? `A model of Ollama's is used without a download: write it into a recipe, "base": "${repo}".`
        : 'Write owner/name, such as HuggingFaceTB/SmolLM2-135M-Instruct.',
    );
  const result = await downloadModel({ ...named, ...hubAccess(request), signal, onProgress: progress });
  return { repo: named.repo, ...result };
};
