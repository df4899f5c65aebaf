import { readFile } from 'node:fs/promises';
import { relative, resolve, sep, win32 } from 'node:path';
import type { RunRecord, RunResult } from '../protocol/runRecord.ts';
import { isThere, writeFileAtomic } from './files.ts';
import { resultsOfRun, runPaths } from './paths.ts';

/**
 * A run's record on disk. All its paths are relative to its folder there, so that a workspace which was moved or copied
 * speaks of its own files.
 */
export async function writeRunRecord(folder: string, record: RunRecord): Promise<void> {
  const asWritten = (path: string) => relative(folder, path).split(sep).join('/');
  const written = {
    ...record,
    recipe: asWritten(record.recipe),
    ...(record.result && { result: mapPaths(record.result, asWritten) }),
  };
  await writeFileAtomic(runPaths(folder).record, `${JSON.stringify(written, null, 1)}\n`);
}

/** The record in a run's folder, with absolute paths; undefined where there is none. */
export async function readRunRecord(folder: string): Promise<RunRecord | undefined> {
  const text = await readFile(runPaths(folder).record, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // Schemas take longer to load than the editor's activation may.
  const { parseRunRecord } = await import('../protocol/runRecord.ts');
  const record = parseRunRecord(text);
  if (!record) return undefined;
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
