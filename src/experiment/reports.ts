import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '../protocol/report.ts';
import { reportHtml } from '../report/reportHtml.tsx';
import { copyFilesAtomic, writeFileAtomic } from './files.ts';

/** Where the report of a run folder's last evaluation lies, as data and as a page. */
export function reportPaths(runFolder: string): { reportPath: string; htmlPath: string } {
  return { reportPath: join(runFolder, 'report.json'), htmlPath: join(runFolder, 'report.html') };
}

/**
 * Writes a report. The one that is there, which may have taken long and measured more, is kept in `reports/TIME`, the
 * time it was written at; the editor offers it to be compared with.
 */
export async function writeReport(
  runFolder: string,
  report: Report,
): Promise<{ reportPath: string; htmlPath: string }> {
  const paths = reportPaths(runFolder);
  await keepEarlier(runFolder);
  await writeFileAtomic(paths.reportPath, `${JSON.stringify(report, null, 1)}\n`);
  await writeFileAtomic(paths.htmlPath, reportHtml(report));
  return paths;
}

async function keepEarlier(runFolder: string): Promise<void> {
  const { reportPath, htmlPath } = reportPaths(runFolder);
  if (!existsSync(reportPath)) return;
  const { mtime } = await stat(reportPath);
  // No file name of Windows has a colon.
  const folder = join(runFolder, 'reports', mtime.toISOString().replace(/[:.]/g, '-'));
  await copyFilesAtomic([reportPath, htmlPath].filter(existsSync), folder, 'the report');
}
