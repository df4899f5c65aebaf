import { hubCacheFolder } from '../../experiment/hubCache.ts';
import { checkEndpoint, defaultEndpoint } from '../../hub/endpoint.ts';
import { parseRepoName } from '../../hub/repoName.ts';
import type { DownloadRequest, DownloadResult } from '../../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { downloadModel } from '../hub/downloadModel.ts';
import type { RequestContext } from '../workbench/requestContext.ts';

/** Downloads a base into the Hugging Face cache, from the hub or from the mirror that HF_ENDPOINT or the request names. */
export async function downloadRun(request: DownloadRequest, context: RequestContext): Promise<DownloadResult> {
  const { repo, token, proxy } = request;
  const named = parseRepoName(request.revision === undefined ? repo : `${repo}@${request.revision}`);
  if (!named)
    throw new WorkbenchError(
      'badRequest',
      `'${repo}'${request.revision === undefined ? '' : ` at '${request.revision}'`} cannot be a model of the hub`,
      'Write owner/name, such as HuggingFaceTB/SmolLM2-135M-Instruct.',
    );
  const result = await downloadModel({
    ...named,
    endpoint: checkEndpoint(request.endpoint || process.env.HF_ENDPOINT || defaultEndpoint),
    token: token?.trim() || undefined,
    proxy: proxy || undefined,
    cacheFolder: hubCacheFolder(),
    signal: context.signal,
    onProgress: progress => context.notify('downloadProgress', { id: request.id, ...progress }),
  });
  return { repo: named.repo, ...result };
}
