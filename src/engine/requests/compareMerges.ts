import { loadBase } from '../../experiment/base.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import { mergeAdapters } from '../../nn/merge/merge.ts';
import type { WeightedAdapter } from '../../nn/merge/mergeError.ts';
import type { ComparedMerge, CompareMergesRequest } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { fixedMethods, type MergeMethod } from '../../protocol/mergeMethod.ts';
import type { RequestHandler } from '../workbench/request.ts';
import { blendAdapters, mergeOptions, readWeighted } from './merge.ts';

/** Makes every method's merge of a recipe's experts in memory, and measures how far each is from the exact sum. */
export const handle: RequestHandler<'compareMerges'> = async (workbench, request, call) => {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const base = await loadBase(experiment.baseFolder, { cacheFolder: workbench.cacheFolder });
  const adapters = blendAdapters(experiment, request.weights);
  const weighted = await readWeighted(base, adapters, workbench.tell);
  const wanted = request.methods ?? fixedMethods;
  const methods: ComparedMerge[] = [];
  for (const [done, method] of wanted.entries()) {
    call.progress({ kind: 'work', message: method, done, total: wanted.length });
    // A merge blocks the thread; here the notification leaves, and a cancellation that came meanwhile is read.
    await new Promise(resolve => setImmediate(resolve));
    call.signal.throwIfAborted();
    methods.push(compared(weighted, method, request));
  }
  return { methods };
};

function compared(weighted: WeightedAdapter[], method: MergeMethod, request: CompareMergesRequest): ComparedMerge {
  const started = performance.now();
  const took = () => performance.now() - started;
  try {
    const { adapter, relativeError } = mergeAdapters(weighted, mergeOptions({ ...request, method }));
    const { total } = relativeError;
    const factors = [...adapter.modules.values()];
    return {
      method,
      result: {
        rank: adapter.config.rank,
        relativeError: Number.isFinite(total) ? total : null,
        parameters: factors.reduce((sum, { A, B }) => sum + A.data.length + B.data.length, 0),
      },
      milliseconds: took(),
    };
  } catch (error) {
    // Ranks that differ, or one that is too large, are matters of this method alone.
    if (!(error instanceof WorkbenchError)) throw error;
    return { method, problem: error.message, milliseconds: took() };
  }
}
