import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { makeWritableFolder, storageError, writeFileAtomic } from '../../experiment/files.ts';
import type { Call } from '../../protocol/contract.ts';
import type { EngineProgress } from '../../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import {
  parseRunRecord,
  type RunRecord,
  type RunResult,
  runFiles,
  runId,
  type StopWish,
} from '../../protocol/runRecord.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';
import { engineEnds } from '../workbench/requestHandler.ts';

/** Milliseconds between two looks at whether someone asks for a stop; a record is written that often at most. */
const pause = 1000;
/** Milliseconds after which a record is written though nothing has changed. */
const heartbeat = 30_000;
/** Runs of a recipe that are kept. */
const mostRuns = 20;

/** What a run tells: a training all of it, an evaluation no events. */
type RunProgress = EngineProgress<'train'>;

export interface RecordedRun extends Pick<RunRecord, 'kind' | 'recipe' | 'experts' | 'sets'> {
  /** The run that goes on; a new one without it. */
  id: string | undefined;
  runFolder: string;
}

/**
 * Does the work of a run, and keeps a record of how far it is where other windows and later sessions find it. Besides
 * its caller, a file named `stop` beside the record cancels it.
 */
export async function recordRun<R>(
  { runFolder, ...run }: RecordedRun,
  call: Call<RunProgress>,
  work: (call: Call<RunProgress>, folder: string) => Promise<R>,
  outcome: (result: R) => { isWhole: boolean; result: RunResult },
): Promise<R> {
  const folder = await openRunFolder(join(runFolder, 'history'), run.id ?? runId(new Date(), process.pid));
  const record = await newRecord(folder.path, { ...run, id: folder.id });
  const stopFile = join(folder.path, runFiles.stop);
  await rm(stopFile, { force: true });
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  const endedEarly = () => {
    if (signal.reason === engineEnds) return 'interrupted';
    return signal.reason === ('pause' satisfies StopWish) ? 'paused' : 'stopped';
  };
  const look = () => existsSync(stopFile) && stop.abort(readFileSync(stopFile, 'utf8').trim());
  const tell = () => call.progress({ kind: 'run', folder: folder.path, record: { ...record } });

  let isChanged = false;
  const write = () => {
    isChanged = false;
    record.updatedAt = Date.now();
    const text = JSON.stringify({ ...record, recipe: relative(folder.path, record.recipe) }, null, 1);
    return writeFileAtomic(join(folder.path, runFiles.record), `${text}\n`);
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
    const recorded: Call<RunProgress> = {
      signal,
      progress(told) {
        const progress = progressOf(told);
        if (progress) record.progress = progress;
        isChanged ||= progress !== undefined;
        if (told.kind === 'event') {
          appendEvent(folder.path, told.event);
          look();
        }
        call.progress(told);
      },
    };
    const result = await work(recorded, folder.path);
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
    await rm(stopFile, { force: true });
    await write();
    tell();
  }
}

async function openRunFolder(history: string, id: string): Promise<{ id: string; path: string }> {
  if (!/^[\w-]+$/.test(id)) throw new WorkbenchError('badRequest', `'${id}' is not the identity of a run`);
  const path = join(history, id);
  await makeWritableFolder(path);
  const all = (await readdir(history)).sort();
  for (const old of all.slice(0, -mostRuns))
    if (old !== id) await rm(join(history, old), { recursive: true, force: true });
  return { id, path };
}

/** A run that goes on keeps its beginning and how far it was. */
async function newRecord(
  folder: string,
  run: Pick<RunRecord, 'id' | 'kind' | 'recipe' | 'experts' | 'sets'>,
): Promise<RunRecord> {
  const text = await readFile(join(folder, runFiles.record), 'utf8').catch(() => '');
  const before = parseRunRecord(text);
  const now = Date.now();
  return {
    ...run,
    state: 'running',
    pid: process.pid,
    startedAt: before?.startedAt ?? now,
    updatedAt: now,
    progress: before?.progress,
  };
}

function progressOf(told: RunProgress): RunRecord['progress'] {
  if (told.kind === 'work') {
    const { message, done, total } = told;
    return { message, done, total };
  }
  if (told.kind !== 'event' || told.event.type !== 'step') return undefined;
  return { message: 'training', done: told.event.step, total: told.event.steps };
}

function appendEvent(folder: string, event: TrainEvent): void {
  const path = join(folder, runFiles.events);
  try {
    appendFileSync(path, `${JSON.stringify(event)}\n`);
  } catch (error) {
    throw storageError(error, path);
  }
}
