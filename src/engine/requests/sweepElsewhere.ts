import { openSweep } from '../training/openSweep.ts';
import { sweepElsewhere } from '../trainingElsewhere/sweepElsewhere.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** As sweep, on another machine. */
export const handle: RequestHandler<'sweepElsewhere'> = async (workbench, request, call) => {
  const { mediaFolder, cacheFolder, threads } = workbench;
  const { finished, sweep, paths } = await sweepElsewhere({
    ...(await openSweep(request, workbench, watchFor(call))),
    on: request.on,
    mediaFolder,
    cacheFolder,
    threads,
    watch: watchFor(call, 'tokenising the data'),
    tell: event => call.progress({ kind: 'event', event }),
    say: message => call.progress({ kind: 'work', message, done: 0, total: 0 }),
    signal: call.signal,
  });
  return { finished, sweep, dataPath: paths.data, pagePath: paths.page };
};
