import { readFile, stat } from 'node:fs/promises';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Report } from '../../protocol/report.ts';
import { parseReport } from '../../report/parseReport.ts';
import { bytes } from '../../text/numbers.ts';

export interface OpenedReport {
  path: string;
  report: Report;
}

/** Reports of dozens of experts with all their curves have some megabytes. */
const mostBytes = 16_000_000;

/** @throws WorkbenchError `notFound`, or `badFile` for what is no report or too large for one. */
export async function readReport(path: string): Promise<OpenedReport> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new WorkbenchError(
      'notFound',
      `${path} cannot be read (${error.code}).`,
      'Evaluate its recipe to make it anew.',
    );
  });
  if (!info.isFile()) throw new WorkbenchError('badFile', `${path} is no file.`);
  if (info.size > mostBytes)
    throw new WorkbenchError(
      'badFile',
      `${path} has ${bytes(info.size)}, which is no report: at most ${bytes(mostBytes)} are read.`,
    );
  return { path, report: parseReport(await readFile(path, 'utf8'), path) };
}
