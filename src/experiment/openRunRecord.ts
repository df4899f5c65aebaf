import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../protocol/runRecord.ts';
import { runId, type StopWish } from '../protocol/runState.ts';
import type { TrainEvent } from '../protocol/trainEvents.ts';
import { makeWritableFolder, storageError } from './files.ts';
import type { ResultPaths, RunPaths } from './paths.ts';
import { readRunRecord, writeRunRecord } from './runRecordFile.ts';

/** Runs of a recipe that are kept. */
const mostRuns = 20;

/** The record of a run as the engine that does it keeps it. */
export interface OpenRunRecord {
  readonly paths: RunPaths;
  /** What is written next. */
  readonly record: RunRecord;
  write(): Promise<void>;
  append(event: TrainEvent): void;
  /** What somebody has asked for, if anybody has. */
  stopWish(): StopWish | undefined;
  /** Forgets what was asked for. */
  forgetWish(): Promise<void>;
}

/**
 * Makes the folder of a run, or opens that of one that goes on, which keeps its beginning and how far it was. The oldest
 * runs make way. Throws `storage`, and `badRequest` for what is no run's identity.
 */
export async function openRunRecord(
  results: ResultPaths,
  {
    id = runId(new Date(), process.pid),
    ...run
  }: Pick<RunRecord, 'kind' | 'recipe' | 'experts' | 'sets'> & { id?: string },
): Promise<OpenRunRecord> {
  const paths = results.run(id);
  await makeWritableFolder(paths.folder);
  await removeOldRuns(results.history, id);
  const before = await readRunRecord(paths.folder);
  const now = Date.now();
  const record: RunRecord = {
    ...run,
    id,
    state: 'running',
    pid: process.pid,
    startedAt: before?.startedAt ?? now,
    updatedAt: now,
    progress: before?.progress,
  };
  const forgetWish = () => rm(paths.stop, { force: true });
  await forgetWish();
  return {
    paths,
    record,
    write() {
      record.updatedAt = Date.now();
      return writeRunRecord(paths.folder, record);
    },
    append(event) {
      try {
        appendFileSync(paths.events, `${JSON.stringify(event)}\n`);
      } catch (error) {
        throw storageError(error, paths.events);
      }
    },
    stopWish() {
      if (!existsSync(paths.stop)) return undefined;
      return readFileSync(paths.stop, 'utf8').trim() === ('pause' satisfies StopWish) ? 'pause' : 'stop';
    },
    forgetWish,
  };
}

async function removeOldRuns(history: string, id: string): Promise<void> {
  const all = (await readdir(history)).sort();
  for (const old of all.slice(0, -mostRuns))
    if (old !== id) await rm(join(history, old), { recursive: true, force: true });
}
