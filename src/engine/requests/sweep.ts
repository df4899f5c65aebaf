import { matMulRate } from '../runtime/matMulRate.ts';
import { openSweep } from '../training/openSweep.ts';
import { sweepExpert } from '../training/sweepRun.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** Compares learning rates and ranks of an expert by short trainings. What was done is kept when it is cancelled. */
export const handle: RequestHandler<'sweep'> = async (workbench, request, call) => {
  const of = await openSweep(request, workbench, watchFor(call));
  const use = await workbench.devices.use();
  const { finished, sweep, paths } = await sweepExpert({
    ...of,
    use,
    threads: workbench.threads,
    memoryLimit: workbench.memoryLimit,
    matMulRate: await matMulRate(workbench.threads, use.device),
    watch: watchFor(call, 'tokenising the data'),
    cacheFolder: workbench.cacheFolder,
    tell: event => call.progress({ kind: 'event', event }),
    signal: call.signal,
  });
  return { finished, sweep, dataPath: paths.data, pagePath: paths.page };
};
