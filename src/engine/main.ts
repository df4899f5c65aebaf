import { parseArgs } from 'node:util';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { defaultCacheFolder } from '../experiment/cacheFolder.ts';
import type { Handlers } from '../protocol/contract.ts';
import { deviceChoices } from '../protocol/device.ts';
import { callerSide, type EngineMethod, type EngineParams, engineSide } from '../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { createRpc } from '../protocol/rpc.ts';
import { parseBytes } from '../text/numbers.ts';
import { lazyDevices } from './devices/lazyDevices.ts';
import { endWithParent } from './endWithParent.ts';
import { type Request, requestTable } from './requests/requestTable.ts';
import { defaultThreads } from './runtime/defaultThreads.ts';
import { ahead } from './runtime/precedence.ts';
import { type EngineCall, engineEnds } from './workbench/request.ts';
import { createWorkbench } from './workbench/workbench.ts';

/**
 * The engine process: `--media DIR` holds the embedded base and router, `--threads N` is for the runtime, `--device D`
 * what to compute on, `--cache DIR` where is kept what was found of the devices, `--memory-limit SIZE` what training may
 * take, `--lost PID` the engine process before this one, which ended by itself.
 */

/** Milliseconds to end in order when the client is gone: a training may have a step and a checkpoint to finish. */
const graceWithoutParent = 5000;

// Standard output belongs to the protocol.
console.log = console.info = console.debug = console.error;
// A training writes its checkpoint where it can in that time; what blocks this thread for longer does not live on.
endWithParent(graceWithoutParent);

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
const workbench = createWorkbench({
  mediaFolder: values.media,
  threads,
  cacheFolder,
  memoryLimit: values['memory-limit'] === undefined ? undefined : parseBytes(values['memory-limit']),
  devices: lazyDevices({
    choice,
    cacheFolder,
    threads,
    lost: values.lost ? Number(values.lost) : undefined,
    warn: message => rpc.notify('notice', { level: 'warning', message }),
    note: message => rpc.notify('notice', { level: 'info', message }),
  }),
  warn: message => rpc.notify('notice', { level: 'warning', message }),
  tellLoaded: loaded => rpc.notify('loaded', loaded),
});

/** What is under way and may come to its end when the engine ends. */
const finishing = new Map<AbortController, Promise<unknown>>();
let isEnding = false;

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
connection.onClose(end);
process.stdin.on('end', end);
process.stdout.on('error', end);
const rpc = createRpc({
  own: engineSide,
  other: callerSide,
  handlers: Object.fromEntries(
    (Object.keys(requestTable) as EngineMethod[]).map(method => [method, handlerOf(method)]),
  ) as unknown as Handlers<typeof engineSide>,
  connection,
  onStray: console.error,
});

function handlerOf<M extends EngineMethod>(method: M) {
  const { load, lane, takesLong } = requestTable[method] as Request<M>;
  const finishes = 'answersWhenCancelled' in engineSide.requests[method];
  return (params: EngineParams<M>, call: EngineCall<M>) => {
    const abort = new AbortController();
    const signal = AbortSignal.any([call.signal, abort.signal]);
    const handled = async () => (await load()).handle(workbench, params, { ...call, signal });
    const work = takesLong ? handled : () => ahead(handled);
    const working = lane ? lane.run(work, signal) : work();
    if (finishes) finishing.set(abort, working);
    return working.finally(() => finishing.delete(abort));
  };
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
