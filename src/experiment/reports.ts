import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Report } from '../protocol/report.ts';
import { reportHtml } from '../report/reportHtml.tsx';
import { copyFilesAtomic, writeFileAtomic } from './files.ts';
import type { ResultPaths } from './paths.ts';

/**
 * Writes a report as data and as a page. The one that is there, which may have taken long and measured more, is kept in
 * `reports/TIME`, the time it was written at; the editor offers it to be compared with.
 */
export async function writeReport(paths: ResultPaths, report: Report): Promise<void> {
  await keepEarlier(paths);
  await writeFileAtomic(paths.report, `${JSON.stringify(report, null, 1)}\n`);
  await writeFileAtomic(paths.reportPage, reportHtml(report));
}

async function keepEarlier({ report, reportPage, earlierReport }: ResultPaths): Promise<void> {
  const there = [report, reportPage].filter(existsSync);
  if (there.length === 0) return;
  const { mtime } = await stat(there[0]!);
  await copyFilesAtomic(there, earlierReport(mtime), 'the report');
}
