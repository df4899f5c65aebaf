import { datasetNameText, isSplitWord } from '../../hub/datasetName.ts';
import { splitsAmong } from '../../hub/splitFiles.ts';
import type { DatasetSplit } from '../../protocol/engine/models.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { datasetRevisions, listDataset } from './datasetTree.ts';
import type { DatasetDownload } from './downloadDataset.ts';
import { withHub } from './withHub.ts';

export type SplitsRequest = Pick<DatasetDownload, 'dataset' | 'endpoint' | 'token' | 'proxy' | 'signal' | 'limits'>;

/**
 * The splits of a dataset that downloadDataset finds, those of its own files first. Nothing is fetched. Throws `notFound`
 * where there is none.
 */
export async function datasetSplits(request: SplitsRequest): Promise<DatasetSplit[]> {
  const { repo, revision } = request.dataset;
  const found = new Map<string, DatasetSplit>();
  await withHub(request, { kind: 'dataset', repo, revision }, async hub => {
    for await (const { commit } of datasetRevisions(request, hub)) {
      const listed = await listDataset(request, commit, hub, {
        isWanted: path => splitsAmong([path]).length > 0,
        folders: names => [...names],
        isSplit: isSplitWord,
      });
      for (const { config, split, files } of splitsAmong([...listed.keys()])) {
        const dataset = datasetNameText({ repo, revision, config, split });
        const bytes = files.reduce((sum, path) => sum + listed.get(path)!.size, 0);
        if (!found.has(dataset)) found.set(dataset, { dataset, config, split, bytes });
      }
    }
  });
  if (found.size > 0) return [...found.values()];
  throw new WorkbenchError(
    'notFound',
    `'${repo}' has no file of a split that can be read`,
    `Look at its files at ${request.endpoint}/datasets/${repo}, and download one yourself.`,
  );
}
