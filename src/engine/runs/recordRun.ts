import { resultPaths } from '../../experiment/paths.ts';
import { openRunRecord } from '../../experiment/runs.ts';
import type { Call } from '../../protocol/contract.ts';
import type { EngineProgress } from '../../protocol/engine/engineApi.ts';
import type { NotedSettings, RunRecord, RunResult } from '../../protocol/runRecord.ts';
import type { StopWish } from '../../protocol/runState.ts';
import { engineEnds } from '../workbench/request.ts';

/** Milliseconds between two looks at whether someone asks for a stop; a record is written that often at most. */
const pause = 1000;
/** Milliseconds after which a record is written though nothing has changed. */
const heartbeat = 30_000;

/** What a run tells: a training all of it, an evaluation no events. */
export type RunTold = EngineProgress<'train'>;

export interface RecordedRun extends Pick<RunRecord, 'kind' | 'recipe' | 'experts' | 'sets' | 'on'> {
  /** The run that goes on; a new one without it. */
  id: string | undefined;
  /** The output folder of its recipe. */
  output: string;
}

/**
 * Does the work of a run, and keeps a record of how far it is where other windows and later sessions find it. Besides
 * its caller, a file named `stop` beside the record cancels it. `work` gets the folder of the
 * record, and what notes the training's settings in it.
 */
export async function recordRun<R>(
  { output, ...run }: RecordedRun,
  call: Call<RunTold>,
  work: (call: Call<RunTold>, folder: string, note: (settings: NotedSettings) => void) => Promise<R>,
  outcome: (result: R) => { isWhole: boolean; result: RunResult },
): Promise<R> {
  const opened = await openRunRecord(resultPaths(output), run);
  const { record, paths } = opened;
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  const endedEarly = () => {
    if (signal.reason === engineEnds) return 'interrupted';
    return signal.reason === ('pause' satisfies StopWish) ? 'paused' : 'stopped';
  };
  const look = () => {
    const wish = opened.stopWish();
    if (wish) stop.abort(wish);
  };
  const tell = () => call.progress({ kind: 'run', folder: paths.folder, record: { ...record } });

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
    const recorded: Call<RunTold> = {
      signal,
      progress(told) {
        const progress = progressOf(told);
        if (progress) record.progress = progress;
        isChanged ||= progress !== undefined;
        if (told.kind === 'event') {
          opened.append(told.event);
          look();
        }
        call.progress(told);
      },
    };
    const result = await work(recorded, paths.folder, settings => {
      Object.assign(record, settings);
      isChanged = true;
    });
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

function progressOf(told: RunTold): RunRecord['progress'] {
  if (told.kind === 'work') {
    const { message, done, total } = told;
    return { message, done, total };
  }
  if (told.kind !== 'event' || told.event.type !== 'step') return undefined;
  return { message: 'training', done: told.event.step, total: told.event.steps };
}
