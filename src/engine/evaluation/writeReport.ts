import { copyFile, mkdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reportHtml } from '../../core/report/reportHtml.ts';
import type { Report } from '../../shared/report.ts';
import { storageError, writeFileAtomic } from '../store.ts';

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
  await keepEarlier(runFolder, Object.values(paths)).catch(error => {
    throw storageError(error, join(runFolder, 'reports'));
  });
  await writeFileAtomic(paths.reportPath, `${JSON.stringify(report, null, 1)}\n`);
  await writeFileAtomic(paths.htmlPath, reportHtml(report));
  return paths;
}

async function keepEarlier(runFolder: string, [report, ...others]: string[]): Promise<void> {
  const written = await stat(report!).then(
    ({ mtime }) => mtime,
    () => undefined,
  );
  if (!written) return;
  // No file name of Windows has a colon.
  const folder = join(runFolder, 'reports', written.toISOString().replace(/[:.]/g, '-'));
  await mkdir(folder, { recursive: true });
  for (const path of [report!, ...others])
    await copyFile(path, join(folder, basename(path))).catch(error => {
      if (error.code !== 'ENOENT') throw error;
    });
}
