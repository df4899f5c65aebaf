import { basename, dirname } from 'node:path';
import { Disposable, RelativePattern, Uri, type Webview, workspace } from 'vscode';
import { reportApi } from '../../protocol/views/report.ts';
import { shownReports } from '../../report/shownReport.ts';
import { errorText } from '../services/messages.ts';
import { connectView } from '../webviews/connectView.ts';
import type { ViewContext } from '../webviews/webviewPanel.ts';
import { chooseReports } from './chooseReports.ts';
import { type OpenedReport, readReport } from './readReport.ts';
import { saveReport } from './saveReport.ts';

/** Puts the report view of a file into a webview, with the files that its user compares it with. */
export function connectReportView(webview: Webview, uri: Uri, context: ViewContext): Disposable {
  const own = uri.fsPath;
  const watched = new Map<string, Disposable>();

  const view = connectView(webview, context, { name: 'report', title: 'Report', subject: own }, reportApi, {
    async load({ compared }) {
      const problems: string[] = [];
      const others = await Promise.all(
        compared.map(path =>
          readReport(path).catch((error: unknown) => {
            problems.push(errorText(error));
            return undefined;
          }),
        ),
      );
      const reports: OpenedReport[] = [await readReport(own), ...others.filter(other => other !== undefined)];
      watch(reports.map(({ path }) => path));
      return { reports: shownReports(reports), problems };
    },
    choose: async ({ shown }) => ({ chosen: await chooseReports(shown) }),
    save: async wanted => ({ saved: await saveReport(wanted) }),
  });

  function watch(paths: readonly string[]): void {
    for (const path of paths.filter(each => !watched.has(each))) watched.set(path, onChange(path));
  }

  function onChange(path: string): Disposable {
    const watcher = workspace.createFileSystemWatcher(
      new RelativePattern(Uri.file(dirname(path)), basename(path)),
      false,
      false,
      true,
    );
    const tell = () => view.notify('changed', undefined);
    watcher.onDidChange(tell);
    watcher.onDidCreate(tell);
    return watcher;
  }

  return Disposable.from(view, new Disposable(() => Disposable.from(...watched.values()).dispose()));
}
