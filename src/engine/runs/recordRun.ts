import { openRunRecord } from '../../experiment/openRunRecord.ts';
import { resultPaths } from '../../experiment/paths.ts';
import type { EngineNotifications } from '../../protocol/engine/engineApi.ts';
import type { RunRecord, RunResult, StopWish } from '../../protocol/runRecord.ts';
import { engineEnds, type RequestContext } from '../workbench/requestContext.ts';

/** Milliseconds between two looks at whether someone asks for a stop; a record is written that often at most. */
const pause = 1000;
/** Milliseconds after which a record is written though nothing has changed. */
const heartbeat = 30_000;

export interface RecordedRun extends Pick<RunRecord, 'kind' | 'recipe' | 'experts' | 'sets'> {
  /** The run that goes on; a new one without it. */
  id: string | undefined;
  /** The request it came with. */
  requestId: string;
  runFolder: string;
}

/**
 * Does the work of a run, and keeps a record of how far it is where other windows and later sessions find it. Besides
 * its caller, a file named `stop` beside the record cancels it.
 */
export async function recordRun<R>(
  { requestId, runFolder, ...run }: RecordedRun,
  context: RequestContext,
  work: (context: RequestContext, folder: string) => Promise<R>,
  outcome: (result: R) => { isWhole: boolean; result: RunResult },
): Promise<R> {
  const opened = await openRunRecord(resultPaths(runFolder), run);
  const { record, paths } = opened;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const endedEarly = () => {
    if (signal.reason === engineEnds) return 'interrupted';
    return signal.reason === ('pause' satisfies StopWish) ? 'paused' : 'stopped';
  };
  const look = () => {
    const wish = opened.stopWish();
    if (wish) stop.abort(wish);
  };
  const tell = () => context.notify('run', { id: requestId, folder: paths.folder, record: { ...record } });

  let isChanged = false;
  const write = () => {
    isChanged = false;
    return opened.write();
  };
  let writing = write();
  await writing;
  tell();
  const timer = setInterval(() => {
    look();
    if (!isChanged && Date.now() - record.updatedAt < heartbeat) return;
    // A disk that refuses is told of by what writes the run's own files, and by the record's last writing.
    writing = writing.then(write).catch(() => {});
  }, pause);

  try {
    const recorded: RequestContext = {
      signal,
      notify(name, params) {
        const progress = progressOf(name, params);
        if (progress) record.progress = progress;
        isChanged ||= progress !== undefined;
        if (name === 'trainEvent') {
          opened.append((params as EngineNotifications['trainEvent']).event);
          look();
        }
        context.notify(name, params);
      },
    };
    const result = await work(recorded, paths.folder);
    const end = outcome(result);
    record.state = end.isWhole ? 'done' : endedEarly();
    record.result = end.result;
    return result;
  } catch (error) {
    record.state = signal.aborted ? endedEarly() : 'failed';
    if (record.state === 'failed') record.message = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    clearInterval(timer);
    await writing;
    await opened.forgetWish();
    await write();
    tell();
  }
}

function progressOf<N extends keyof EngineNotifications>(name: N, params: EngineNotifications[N]) {
  if (name === 'progress') {
    const { message, done, total } = params as EngineNotifications['progress'];
    return { message, done, total };
  }
  if (name !== 'trainEvent') return undefined;
  const { event } = params as EngineNotifications['trainEvent'];
  return event.type === 'step' ? { message: 'training', done: event.step, total: event.steps } : undefined;
}
