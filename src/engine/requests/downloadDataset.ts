import { type DatasetName, parseDatasetName } from '../../hub/datasetName.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import { downloadDataset } from '../hub/downloadDataset.ts';
import { hubAccess } from '../hub/hubAccess.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Downloads a split of a dataset into the Hugging Face cache, as `download` does a base. */
export const handle: RequestHandler<'downloadDataset'> = async (_workbench, request, { signal, progress }) => {
  const dataset = datasetOfRequest(request.dataset);
  const result = await downloadDataset({ ...hubAccess(request), dataset, signal, onProgress: progress });
  return { dataset: request.dataset, ...result };
};

/** Throws `badRequest` for what cannot be a dataset of the hub. */
export function datasetOfRequest(name: string): DatasetName {
  const named = parseDatasetName(name);
  if (named) return named;
  throw new WorkbenchError(
    'badRequest',
    `'${visibleName(name)}' cannot be a dataset of the hub`,
    'Write owner/name, or owner/name:configuration:split, such as openai/gsm8k:main:train.',
  );
}
