import { parseArgs } from 'node:util';
import {
  type CancellationToken,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { deviceChoices } from '../shared/device.ts';
import type {
  EngineMethod,
  EngineNotifications,
  EngineParams,
  EngineResult,
  TrainResult,
} from '../shared/engineApi.ts';
import { WorkbenchError } from '../shared/errors.ts';
import { cancelledCode, failedCode, toWireError, type WireError } from '../shared/wireError.ts';
import { askRun } from './ask.ts';
import { countTokensRun } from './countTokens.ts';
import { defaultThreads } from './defaultThreads.ts';
import { describeRun } from './describe.ts';
import { defaultCacheFolder } from './devices/cacheFolder.ts';
import { createDevices } from './devices/devices.ts';
import { doctor } from './doctor.ts';
import { evaluateRun } from './evalRun.ts';
import { openExperiment } from './experiment.ts';
import { exportRun } from './exportRun.ts';
import { downloadRun } from './hub/downloadRun.ts';
import { listModels } from './hub/listModels.ts';
import { mergeRun } from './mergeRun.ts';
import { removeStaleFiles } from './removeStaleFiles.ts';
import type { RequestContext } from './requestContext.ts';
import { createRequestQueue, type RequestQueue } from './requestQueue.ts';
import { routeRun } from './route.ts';
import { scoreRun } from './scoreRun.ts';
import { runTraining } from './trainRequest.ts';
import { createWorkbench, type Workbench } from './workbench.ts';

/**
 * The engine process: `--media DIR` holds the embedded base and router, `--threads N` is for the runtime, `--device D`
 * what to compute on, `--cache DIR` where is kept what was found of the devices, `--lost PID` the engine process before
 * this one, which ended by itself.
 */

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

const { values } = parseArgs({
  options: {
    media: { type: 'string' },
    threads: { type: 'string' },
    device: { type: 'string', default: 'auto' },
    cache: { type: 'string' },
    lost: { type: 'string' },
  },
});
if (!values.media) throw new WorkbenchError('badRequest', 'the engine needs --media DIR');
const choice = deviceChoices.find(d => d === values.device);
if (!choice) throw new WorkbenchError('badRequest', `--device is one of ${deviceChoices.join(', ')}`);
const threads = values.threads ? Number(values.threads) : defaultThreads();
const cacheFolder = values.cache ?? defaultCacheFolder();
const devices = createDevices({
  choice,
  cacheFolder,
  threads,
  lost: values.lost ? Number(values.lost) : undefined,
  warn: message => notice('warning', message),
  note: message => notice('info', message),
});
const workbench = createWorkbench(values.media, threads, devices, cacheFolder);

const model = createRequestQueue();
const training = createRequestQueue();

const services: { [M in EngineMethod]: Service<M> } = {
  doctor: { run: doctor },
  train: { run: cleanTraining, lane: training, answersCancelled: true },
  ask: { run: askRun, lane: model, answersCancelled: true },
  describe: { run: describeRun },
  countTokens: { run: countTokensRun },
  route: { run: routeRun },
  merge: { run: mergeRun, lane: model },
  evaluate: { run: evaluateRun, lane: model },
  score: { run: scoreRun, lane: model },
  export: { run: exportRun, lane: model },
  download: { run: (_, params, context) => downloadRun(params, context) },
  listModels: { run: listModels },
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

function notice(level: EngineNotifications['notice']['level'], message: string): void {
  void connection.sendNotification('notice', { level, message }).catch(() => process.exit());
}

function failure(error: unknown): ResponseError<WireError> {
  const wire = toWireError(error);
  return new ResponseError(failedCode, wire.message, wire);
}
