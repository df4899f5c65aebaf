import { parseArgs } from 'node:util';
import {
  type CancellationToken,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { defaultCacheFolder } from '../experiment/cacheFolder.ts';
import { deviceChoices } from '../protocol/device.ts';
import type { EngineMethod, EngineNotifications, EngineParams, EngineResult } from '../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { cancelledCode, failedCode, toWireError, type WireError } from '../protocol/wireError.ts';
import { parseBytes } from '../text/numbers.ts';
import { createDevices } from './devices/devices.ts';
import { askAllRun, askRun } from './requests/ask.ts';
import { compareMergesRun } from './requests/compareMerges.ts';
import { countTokensRun } from './requests/countTokens.ts';
import { describeRun } from './requests/describe.ts';
import { doctor } from './requests/doctor.ts';
import { downloadRun } from './requests/download.ts';
import { runEvaluation } from './requests/evaluate.ts';
import { explainTokensRun } from './requests/explainTokens.ts';
import { exportRun } from './requests/export.ts';
import { listModels } from './requests/listModels.ts';
import { loadRun, unloadRun } from './requests/load.ts';
import { measureRun } from './requests/measure.ts';
import { mergeRun } from './requests/merge.ts';
import { planRun } from './requests/plan.ts';
import { previewDataRun } from './requests/previewData.ts';
import { checkpointsRun, promoteRun } from './requests/promote.ts';
import { removeModelRun } from './requests/removeModel.ts';
import { routeRun } from './requests/route.ts';
import { scoreRun } from './requests/score.ts';
import { runTraining } from './requests/train.ts';
import { defaultThreads } from './runtime/defaultThreads.ts';
import { engineEnds, type RequestContext } from './workbench/requestContext.ts';
import { createRequestQueue, type RequestQueue } from './workbench/requestQueue.ts';
import { createWorkbench, type Workbench } from './workbench/workbench.ts';

/**
 * The engine process: `--media DIR` holds the embedded base and router, `--threads N` is for the runtime, `--device D`
 * what to compute on, `--cache DIR` where is kept what was found of the devices, `--memory-limit SIZE` what training may
 * take, `--lost PID` the engine process before this one, which ended by itself.
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
    'memory-limit': { type: 'string' },
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
const memoryLimit = values['memory-limit'] === undefined ? undefined : parseBytes(values['memory-limit']);
const workbench = createWorkbench(values.media, threads, devices, cacheFolder, memoryLimit, loaded =>
  notify('loaded', loaded),
);

const model = createRequestQueue();
const training = createRequestQueue();

const services: { [M in EngineMethod]: Service<M> } = {
  doctor: { run: doctor },
  train: { run: runTraining, lane: training, answersCancelled: true },
  ask: { run: askRun, lane: model, answersCancelled: true },
  askAll: { run: askAllRun, lane: model, answersCancelled: true },
  describe: { run: describeRun },
  countTokens: { run: countTokensRun },
  route: { run: routeRun },
  merge: { run: mergeRun, lane: model },
  compareMerges: { run: compareMergesRun, lane: model },
  explainTokens: { run: explainTokensRun, lane: model },
  evaluate: { run: runEvaluation, lane: model },
  measure: { run: measureRun, lane: model },
  score: { run: scoreRun, lane: model },
  export: { run: exportRun, lane: model },
  download: { run: (_, params, context) => downloadRun(params, context) },
  listModels: { run: listModels },
  removeModel: { run: (_, params) => removeModelRun(params) },
  plan: { run: planRun },
  loaded: { run: async bench => bench.loaded() },
  load: { run: loadRun, lane: model },
  unload: { run: unloadRun, lane: model },
  previewData: { run: previewDataRun },
  checkpoints: { run: checkpointsRun },
  promote: { run: promoteRun },
};

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
/** What is under way and may come to its end when the engine ends. */
const finishing = new Map<AbortController, Promise<unknown>>();
let isEnding = false;
connection.onClose(end);
process.stdin.on('end', end);
process.stdout.on('error', end);
for (const method of Object.keys(services) as EngineMethod[]) serve(method, services[method] as Service<EngineMethod>);
connection.listen();

function serve<M extends EngineMethod>(method: M, { run, lane, answersCancelled }: Service<M>): void {
  connection.onRequest(method, async (params: EngineParams<M>, token: CancellationToken): Promise<unknown> => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const { signal } = abort;
    const context: RequestContext = { signal, notify };
    const work = () => run(workbench, params, context);
    const working = lane ? lane.run(work, signal) : work();
    if (answersCancelled) finishing.set(abort, working);
    try {
      const result = await working;
      if (!answersCancelled) signal.throwIfAborted();
      return result;
    } catch (error) {
      throw signal.aborted ? new ResponseError(cancelledCode, 'cancelled') : failure(error);
    } finally {
      finishing.delete(abort);
    }
  });
}

/**
 * Nobody listens any more: the parent has closed the streams or is gone. What still gives an answer when it is cancelled
 * may do so: a training writes its checkpoint. Anything else that was being written stays unfinished beside the old
 * file, which is intact.
 */
async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  for (const abort of finishing.keys()) abort.abort(engineEnds);
  await Promise.allSettled(finishing.values());
  process.exit();
}

function notify<N extends keyof EngineNotifications>(name: N, content: EngineNotifications[N]): void {
  if (!isEnding) void connection.sendNotification(name, content).catch(end);
}

function notice(level: EngineNotifications['notice']['level'], message: string): void {
  notify('notice', { level, message });
}

function failure(error: unknown): ResponseError<WireError> {
  const wire = toWireError(error);
  return new ResponseError(failedCode, wire.message, wire);
}
