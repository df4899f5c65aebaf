import { datasetSplits } from '../hub/datasetSplits.ts';
import { hubAccess } from '../hub/hubAccess.ts';
import type { RequestHandler } from '../workbench/request.ts';
import { datasetOfRequest } from './downloadDataset.ts';

/** What of a dataset of the hub can be downloaded. */
export const handle: RequestHandler<'datasetSplits'> = async (_workbench, request, { signal }) => ({
  splits: await datasetSplits({ ...hubAccess(request), dataset: datasetOfRequest(request.dataset), signal }),
});
