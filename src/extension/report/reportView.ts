import { basename, dirname } from 'node:path';
import { Disposable, l10n, type QuickPickItem, RelativePattern, Uri, type Webview, window, workspace } from 'vscode';
import { globs } from '../../experiment/paths.ts';
import { reportApi } from '../../protocol/views/report.ts';
import { headlineAccuracy } from '../../report/findings.ts';
import { shownReports } from '../../report/shownReport.ts';
import { dateTime, percent } from '../../text/numbers.ts';
import { errorText } from '../services/messages.ts';
import { connectView } from '../webviews/connectView.ts';
import type { ViewContext } from '../webviews/webviewPanel.ts';
import { type OpenedReport, readReport } from './readReport.ts';
import { saveReport } from './saveReport.ts';

/** Puts the report view of a file into a webview, with the files that its user compares it with. */
export function connectReportView(webview: Webview, uri: Uri, context: ViewContext): Disposable {
  const own = uri.fsPath;
  const watched = new Map<string, Disposable>();

  const view = connectView(webview, context, { name: 'report', title: l10n.t('Report'), subject: own }, reportApi, {
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

/** More than anyone reads in a list. */
const mostFiles = 200;

/** Lets the user choose reports of the workspace that are not shown yet, or files from elsewhere. */
async function chooseReports(shown: readonly string[]): Promise<string[]> {
  const found = (await reportsOfWorkspace()).filter(({ path }) => !shown.includes(path));
  if (found.length === 0) return chooseFiles();
  const elsewhere: QuickPickItem = { label: l10n.t('Choose Files…'), alwaysShow: true };
  const items = found.map(opened => ({ ...itemOf(opened), path: opened.path }));
  const picked = await window.showQuickPick<QuickPickItem & { path?: string }>([...items, elsewhere], {
    title: l10n.t('Reports to compare with'),
    placeHolder: l10n.t('One or more'),
    canPickMany: true,
    matchOnDetail: true,
  });
  const chosen = (picked ?? []).flatMap(({ path }) => (path ? [path] : []));
  return picked?.includes(elsewhere) ? [...chosen, ...(await chooseFiles())] : chosen;
}

/** Newest first; files of the name that are no reports are others' business. */
async function reportsOfWorkspace(): Promise<OpenedReport[]> {
  const files = await workspace.findFiles(globs.reports, '**/node_modules/**', mostFiles);
  const read: OpenedReport[] = [];
  // One after the other: together they may not fit into memory. Of each only what the list says of it is kept.
  for (const { fsPath } of files) {
    const opened = await readReport(fsPath).catch(() => undefined);
    if (opened) read.push({ ...opened, report: { ...opened.report, curves: [], examples: [] } });
  }
  return read.sort((a, b) => b.report.created.localeCompare(a.report.created));
}

function itemOf({ path, report }: OpenedReport): QuickPickItem {
  const headline = headlineAccuracy(report);
  const accuracy = headline ? ` · ${percent(headline.accuracy.accuracy)}` : '';
  return {
    label: report.recipe.name,
    description: `${dateTime(report.created)}${accuracy}`,
    detail: workspace.asRelativePath(path),
  };
}

async function chooseFiles(): Promise<string[]> {
  const files = await window.showOpenDialog({
    title: l10n.t('Reports to compare with'),
    openLabel: l10n.t('Compare'),
    canSelectMany: true,
    filters: { Report: ['json'] },
  });
  return (files ?? []).map(({ fsPath }) => fsPath);
}
