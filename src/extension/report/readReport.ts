import { readFile, stat } from 'node:fs/promises';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Report } from '../../protocol/report.ts';
import { parseReport } from '../../report/parseReport.ts';

export interface OpenedReport {
  path: string;
  report: Report;
}

/** Reports of dozens of experts with all their curves have some megabytes. */
const mostBytes = 64e6;

/** @throws WorkbenchError `notFound`, or `badFile` for what is no report or too large for one. */
export async function readReport(path: string): Promise<OpenedReport> {
  const { size } = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new WorkbenchError(
      'notFound',
      `${path} cannot be read (${error.code}).`,
      'Evaluate its recipe to make it anew.',
    );
  });
  if (size > mostBytes) throw new WorkbenchError('badFile', `${path} has ${size} bytes, which is no report.`);
  return { path, report: parseReport(await readFile(path, 'utf8'), path) };
}
