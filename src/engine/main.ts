import { parseArgs } from 'node:util';
import {
  type CancellationToken,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import type { EngineMethod, EngineParams, EngineResult, TrainResult } from '../shared/engineApi.ts';
import { WorkbenchError } from '../shared/errors.ts';
import { cancelledCode, failedCode, toWireError, type WireError } from '../shared/wireError.ts';
import { askRun } from './ask.ts';
import { defaultThreads } from './defaultThreads.ts';
import { doctor } from './doctor.ts';
import { evaluateRun } from './evalRun.ts';
import { openExperiment } from './experiment.ts';
import { exportRun } from './exportRun.ts';
import { mergeRun } from './mergeRun.ts';
import { removeStaleFiles } from './removeStaleFiles.ts';
import type { RequestContext } from './requestContext.ts';
import { createRequestQueue, type RequestQueue } from './requestQueue.ts';
import { routeRun } from './route.ts';
import { scoreRun } from './scoreRun.ts';
import { runTraining } from './trainRequest.ts';
import { createWorkbench, type Workbench } from './workbench.ts';

/** The engine process: `--media DIR` holds the embedded base and router, `--threads N` is for the runtime. */

interface Service<M extends EngineMethod> {
  run(workbench: Workbench, params: EngineParams<M>, context: RequestContext): Promise<EngineResult<M>>;
  /** Requests of one lane run one after the other; those without a lane run at once. */
  lane?: RequestQueue;
  /** After a cancellation there is still an answer worth having: the text so far, the checkpoint written. */
  answersCancelled?: boolean;
}

// Standard output belongs to the protocol.
console.log = console.info = console.debug = console.error;
// Ctrl-C in a terminal reaches both processes; the parent decides what it means, and cancels or closes the streams.
process.on('SIGINT', () => {});

const { values } = parseArgs({ options: { media: { type: 'string' }, threads: { type: 'string' } } });
if (!values.media) throw new WorkbenchError('badRequest', 'the engine needs --media DIR');
const workbench = createWorkbench(values.media, values.threads ? Number(values.threads) : defaultThreads());

const model = createRequestQueue();
const training = createRequestQueue();

const services: { [M in EngineMethod]: Service<M> } = {
  doctor: { run: doctor },
  train: { run: cleanTraining, lane: training, answersCancelled: true },
  ask: { run: askRun, lane: model, answersCancelled: true },
  route: { run: routeRun },
  merge: { run: mergeRun, lane: model },
  evaluate: { run: evaluateRun, lane: model },
  score: { run: scoreRun, lane: model },
  export: { run: exportRun, lane: model },
};

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
// Nobody listens any more: the parent has closed the streams or is gone. What was being written stays unfinished beside
// the old file, which is intact.
connection.onClose(() => process.exit());
process.stdin.on('end', () => process.exit());
process.stdout.on('error', () => process.exit());
for (const method of Object.keys(services) as EngineMethod[]) serve(method, services[method] as Service<EngineMethod>);
connection.listen();

function serve<M extends EngineMethod>(method: M, { run, lane, answersCancelled }: Service<M>): void {
  connection.onRequest(method, async (params: EngineParams<M>, token: CancellationToken): Promise<unknown> => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const { signal } = abort;
    const context: RequestContext = {
      signal,
      notify: (name, content) => void connection.sendNotification(name, content).catch(() => process.exit()),
    };
    const work = () => run(workbench, params, context);
    try {
      const result = await (lane ? lane.run(work, signal) : work());
      if (!answersCancelled) signal.throwIfAborted();
      return result;
    } catch (error) {
      throw signal.aborted ? new ResponseError(cancelledCode, 'cancelled') : failure(error);
    }
  });
}

/** Training begins with what an earlier process may have left behind put away. */
async function cleanTraining(...[workbench, params, context]: Parameters<typeof runTraining>): Promise<TrainResult> {
  const { runFolder } = await openExperiment(params.recipe, workbench.mediaFolder);
  await removeStaleFiles(runFolder);
  return runTraining(workbench, params, context);
}

function failure(error: unknown): ResponseError<WireError> {
  const wire = toWireError(error);
  return new ResponseError(failedCode, wire.message, wire);
}
