import { appendFileSync, createReadStream, existsSync, readFileSync } from 'node:fs';
import { lstat, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep, win32 } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import type { RunRecord, RunResult } from '../protocol/runRecord.ts';
import { runId, type StopWish } from '../protocol/runState.ts';
import type { TrainEvent } from '../protocol/trainEvents.ts';
import { pathProblem } from '../recipe/pathProblem.ts';
import { checkNoLinks, entriesOf, kindOf, shortList } from './checkResults.ts';
import { isThere, makeWritableFolder, storageError, writeFileAtomic } from './files.ts';
import { type ResultPaths, type RunPaths, resultsOfRun, runPaths, stepOfCheckpoint } from './paths.ts';
import { isProcessAlive } from './processes.ts';
import { removeStaleFiles } from './removeStaleFiles.ts';
import { removeStaleResults } from './removeStaleResults.ts';

/**
 * A run's record on disk. All its paths are relative to its folder there, so that a workspace which was moved or copied
 * speaks of its own files.
 */
async function writeRunRecord(folder: string, record: RunRecord): Promise<void> {
  const asWritten = (path: string) => relative(folder, path).split(sep).join('/');
  const written = {
    ...record,
    recipe: asWritten(record.recipe),
    ...(record.result && { result: mapPaths(record.result, asWritten) }),
  };
  await writeFileAtomic(runPaths(folder).record, `${JSON.stringify(written, null, 1)}\n`);
}

/** Records have some kilobytes; a larger one is none of ours. */
const mostRecordBytes = 1_000_000;

/** The record in a run's folder, with absolute paths; undefined where there is none. */
export async function readRunRecord(folder: string): Promise<RunRecord | undefined> {
  const path = runPaths(folder).record;
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile() || info.size > mostRecordBytes) return undefined;
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // Schemas take longer to load than the editor's activation may.
  const { parseRunRecord } = await import('../protocol/runRecord.ts');
  const record = parseRunRecord(text);
  // A record that was changed may name a share of another computer.
  if (!record || pathProblem(record.recipe)) return undefined;
  const { result } = record;
  return {
    ...record,
    recipe: resolve(folder, record.recipe),
    ...(result && { result: await readResult(folder, result) }),
  };
}

async function readResult(folder: string, { adapters, reportPath, htmlPath }: RunResult): Promise<RunResult> {
  const { trainedAdapter, report, reportPage } = resultsOfRun(folder);
  const placed = (path: string, own: string) => placedPath(folder, path, own);
  return {
    ...(adapters && {
      adapters: await Promise.all(
        adapters.map(async ({ name, adapter }) => ({ name, adapter: await placed(adapter, trainedAdapter(name)) })),
      ),
    }),
    ...(reportPath !== undefined && { reportPath: await placed(reportPath, report) }),
    ...(htmlPath !== undefined && { htmlPath: await placed(htmlPath, reportPage) }),
  };
}

/** A path of a record; `own` is where a run of this folder writes what is meant. */
async function placedPath(folder: string, path: string, own: string): Promise<string> {
  // Windows' rule counts a path as absolute wherever it was written.
  if (!win32.isAbsolute(path)) return resolve(folder, path);
  if (pathProblem(path)) return own;
  // Records were once written with absolute paths, and the workspace may have been moved or copied since.
  return (await isThere(own)) ? own : path;
}

function mapPaths({ adapters, reportPath, htmlPath }: RunResult, map: (path: string) => string): RunResult {
  return {
    ...(adapters && { adapters: adapters.map(({ name, adapter }) => ({ name, adapter: map(adapter) })) }),
    ...(reportPath !== undefined && { reportPath: map(reportPath) }),
    ...(htmlPath !== undefined && { htmlPath: map(htmlPath) }),
  };
}

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
 * runs make way. Throws `storage`, also where it would be written through a link, and `badRequest` for what is no run's
 * identity or a folder of others.
 */
export async function openRunRecord(
  results: ResultPaths,
  {
    id = runId(new Date(), process.pid),
    ...run
  }: Pick<RunRecord, 'kind' | 'recipe' | 'experts' | 'sets' | 'on'> & { id?: string },
): Promise<OpenRunRecord> {
  const paths = results.run(id);
  await checkNoLinks([...results.parts, ...Object.values(paths).filter(part => typeof part === 'string')]);
  await makeWritableFolder(paths.folder);
  await removeOldRuns(results, id, run.recipe);
  await removeStaleResults(results);
  const before = await readRunRecord(paths.folder);
  const others = before ? [] : (await entriesOf(paths.folder))!;
  if (others.length > 0)
    throw new WorkbenchError(
      'badRequest',
      `${paths.folder} is not the folder of a run, and holds other files (${shortList(others.map(({ name }) => name))})`,
      'Move it elsewhere.',
    );
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

/** Removes a recipe's oldest runs, of which it knows by their records, but none that an engine is at. */
async function removeOldRuns({ history, run }: ResultPaths, id: string, recipe: string): Promise<void> {
  const own: RunRecord[] = [];
  for (const entry of await readdir(history, { withFileTypes: true })) {
    const record = entry.isDirectory() && (await ownRecord(join(history, entry.name)));
    if (record && record.id === entry.name && record.id !== id && record.recipe === recipe) own.push(record);
  }
  own.sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const old of own.slice(0, 1 - mostRuns)) if (!isInUse(old)) await removeRun(run(old.id));
}

async function ownRecord(folder: string): Promise<RunRecord | undefined> {
  const info = await lstat(runPaths(folder).record).catch(() => undefined);
  return info?.isFile() ? readRunRecord(folder) : undefined;
}

/** The clock may have gone back, and the engine may be one of another machine. */
function isInUse({ state, pid, updatedAt }: RunRecord): boolean {
  return state === 'running' && (isProcessAlive(pid) || Math.abs(Date.now() - updatedAt) <= recordGone);
}

/** Removes what a run has written, its record last. What others put there stays. */
async function removeRun({ folder, record, events, stop, checkpoints }: RunPaths): Promise<void> {
  if ((await kindOf(checkpoints)) === 'folder') {
    await removeStaleFiles(checkpoints);
    for (const name of await readdir(checkpoints))
      if (stepOfCheckpoint(name) !== undefined) await removeFile(join(checkpoints, name));
    await rmdir(checkpoints).catch(kept);
  }
  await removeStaleFiles(folder);
  for (const file of [events, stop, record]) await removeFile(file);
  await rmdir(folder).catch(kept);
}

async function removeFile(path: string): Promise<void> {
  if ((await kindOf(path)) === 'file') await rm(path, { force: true });
}

/** A folder in which something else lies stays. */
function kept(): void {}

/** An engine that has not touched its record for so many milliseconds is gone, whoever has its process id by now. */
export const recordGone = 600_000;

/** Events are read this far, in bytes: a run of a hundred thousand steps. */
const mostBytes = 50_000_000;

/** A run's folder on disk, which its engine writes. */
export interface RunFolder {
  readonly path: string;
  /** Its record now; undefined where there is none. One whose engine is gone without a word is interrupted. */
  record(): Promise<(RunRecord & { isGone: boolean }) | undefined>;
  /** The events since they were last read. */
  newEvents(): Promise<TrainEvent[]>;
  /** Asks the engine that runs it to stop or to pause. */
  requestStop(wish: StopWish): Promise<void>;
}

export function openRunFolder(path: string): RunFolder {
  const files = runPaths(path);
  let offset = 0;
  return {
    path,
    async record() {
      const record = await readRunRecord(path);
      if (!record) return undefined;
      const isGone = record.state === 'running' && !isAlive(record);
      return { ...record, isGone, ...(isGone && { state: 'interrupted' }) };
    },
    async newEvents() {
      const events: TrainEvent[] = [];
      // See readRunRecord.
      const { parseTrainEvent } = await import('../protocol/trainEvents.ts');
      let rest = Buffer.alloc(0);
      try {
        for await (const chunk of createReadStream(files.events, {
          start: offset,
          end: Math.max(offset, mostBytes),
        })) {
          const bytes = Buffer.concat([rest, chunk as Buffer]);
          const end = bytes.lastIndexOf('\n') + 1;
          events.push(
            ...bytes
              .toString('utf8', 0, end)
              .split('\n')
              .flatMap(line => parseTrainEvent(line) ?? []),
          );
          offset += end;
          rest = bytes.subarray(end);
        }
      } catch (error) {
        // An evaluation has none, and a training none before its first step.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      return events;
    },
    requestStop: wish => writeFile(files.stop, wish),
  };
}

function isAlive({ pid, updatedAt }: RunRecord): boolean {
  return Date.now() - updatedAt <= recordGone && isProcessAlive(pid);
}
