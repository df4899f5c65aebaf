import { loadBase } from '../../experiment/base.ts';
import { openExperiment } from '../../experiment/experiment.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { mergeAdapters } from '../../nn/merge/merge.ts';
import type { RelativeError } from '../../nn/merge/mergeError.ts';
import type { ComparedMerge } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { fixedMethods, isFitted, type MergeMethod } from '../../protocol/mergeMethod.ts';
import { giveWay } from '../runtime/precedence.ts';
import { openBase } from '../runtime/quantizedBase.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';
import { blendAdapters, mergeOptions, readWeighted } from './merge.ts';

/** Makes every method's merge of a recipe's experts in memory, and measures how far each is from the exact sum. */
export const handle: RequestHandler<'compareMerges'> = async (workbench, request, call) => {
  const experiment = await openExperiment(request.recipe, workbench.mediaFolder);
  const base = await loadBase(experiment.baseFolder, { cacheFolder: workbench.cacheFolder });
  const adapters = blendAdapters(experiment, request.weights);
  const weighted = await readWeighted(base, adapters, workbench.tell);
  const wanted = request.methods ?? fixedMethods;
  const { threads, memoryLimit, cacheFolder, tell } = workbench;
  /** A fit tells how far it is; the others block the thread for a moment. */
  const merge = async (method: MergeMethod): Promise<Merged> => {
    const options = mergeOptions({ ...request, method });
    if (!isFitted(method)) return mergeAdapters(weighted, options);
    const { fitMerge } = await import('../merging/fitMerge.ts');
    // What is fitted is run through the base that the experts learned on, quantised where that was.
    const run = await openBase(experiment.baseFolder, experiment.recipe.quantization, cacheFolder, watchFor(call));
    return fitMerge(
      { experiment, base: run, weighted, options, method, threads, memoryLimit, cacheFolder, tell },
      call,
    );
  };
  const methods: ComparedMerge[] = [];
  for (const [done, method] of wanted.entries()) {
    call.progress({ kind: 'work', message: method, done, total: wanted.length });
    // A merge blocks the thread; here the notification leaves, and a cancellation that came meanwhile is read.
    await giveWay();
    call.signal.throwIfAborted();
    methods.push(await compared(method, merge, call.signal));
  }
  return { methods };
};

interface Merged {
  adapter: Adapter;
  relativeError: RelativeError;
}

async function compared(
  method: MergeMethod,
  merge: (method: MergeMethod) => Promise<Merged>,
  signal: AbortSignal,
): Promise<ComparedMerge> {
  const started = performance.now();
  const took = () => performance.now() - started;
  try {
    const { adapter, relativeError } = await merge(method);
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
    if (signal.aborted || !(error instanceof WorkbenchError)) throw error;
    return { method, problem: error.message, milliseconds: took() };
  }
}
