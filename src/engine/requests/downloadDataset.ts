import { hubCacheFolder } from '../../experiment/hubCache.ts';
import { parseDatasetName } from '../../hub/datasetName.ts';
import { checkEndpoint, defaultEndpoint } from '../../hub/endpoint.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { downloadDataset } from '../hub/downloadDataset.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Downloads a split of a dataset into the Hugging Face cache, as `download` does a base. */
export const handle: RequestHandler<'downloadDataset'> = async (_workbench, request, { signal, progress }) => {
  const { dataset, token, proxy } = request;
  const named = parseDatasetName(dataset);
  if (!named)
    throw new WorkbenchError(
      'badRequest',
      `'${visibleName(dataset)}' cannot be a dataset of the hub`,
      'Write owner/name, or owner/name:configuration:split, such as openai/gsm8k:main:train.',
    );
  const result = await downloadDataset({
    dataset: named,
    endpoint: checkEndpoint(request.endpoint || process.env.HF_ENDPOINT || defaultEndpoint),
    token: token?.trim() || undefined,
    proxy: proxy || undefined,
    cacheFolder: hubCacheFolder(),
    signal,
    onProgress: progress,
  });
  return { dataset, ...result };
};
