import { parseGgufName } from '../../hub/ggufFiles.ts';
import { isOllamaBase } from '../../hub/ollamaName.ts';
import { parseRepoName, type RepoName } from '../../hub/repoName.ts';
import type { HubModel } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { downloadGguf } from '../hub/downloadGguf.ts';
import { downloadModel } from '../hub/downloadModel.ts';
import { hubAccess } from '../hub/hubAccess.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Downloads a base into the Hugging Face cache, from the hub or from the mirror that HF_ENDPOINT or the request names. */
export const handle: RequestHandler<'download'> = async (_workbench, request, { signal, progress }) => {
  const { tag, ...named } = modelOfRequest(request);
  const wanted = request.file ?? tag;
  const how = { ...named, ...hubAccess(request), signal, onProgress: progress };
  if (wanted === undefined) return { repo: named.repo, base: namedBase(named), ...(await downloadModel(how)) };
  const { path, ...got } = await downloadGguf({ ...how, wanted });
  return { repo: named.repo, base: path, folder: path, ...got };
};

/** As recipes name a folder of the hub. */
function namedBase({ repo, revision }: RepoName): string {
  return revision === 'main' ? repo : `${repo}@${revision}`;
}

/** Throws `badRequest` for what cannot be a model of the hub. */
export function modelOfRequest({ repo, revision }: HubModel): RepoName & { tag?: string } {
  const text = revision === undefined ? repo : `${repo}@${revision}`;
  const named = parseRepoName(text) ?? parseGgufName(text);
  if (named) return named;
  throw new WorkbenchError(
    'badRequest',
    `'${repo}'${revision === undefined ? '' : ` at '${revision}'`} cannot be a model of the hub`,
    isOllamaBase(repo)
      ? `A model of Ollama's is used without a download: write it into a recipe, "base": "${repo}".`
      : 'Write owner/name, such as HuggingFaceTB/SmolLM2-135M-Instruct, or owner/name:Q4_K_M for a file in GGUF.',
  );
}
