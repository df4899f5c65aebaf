import { type QuickPickItem, window, workspace } from 'vscode';
import { globs } from '../../experiment/paths.ts';
import { headlineAccuracy } from '../../report/findings.ts';
import { dateTime, percent } from '../../text/numbers.ts';
import { type OpenedReport, readReport } from './readReport.ts';

/** More than anyone reads in a list. */
const mostFiles = 200;

/** Lets the user choose reports of the workspace that are not shown yet, or files from elsewhere. */
export async function chooseReports(shown: readonly string[]): Promise<string[]> {
  const found = (await reportsOfWorkspace()).filter(({ path }) => !shown.includes(path));
  if (found.length === 0) return chooseFiles();
  const elsewhere: QuickPickItem = { label: 'Choose Files…', alwaysShow: true };
  const items = found.map(opened => ({ ...itemOf(opened), path: opened.path }));
  const picked = await window.showQuickPick<QuickPickItem & { path?: string }>([...items, elsewhere], {
    title: 'Reports to compare with',
    placeHolder: 'One or more',
    canPickMany: true,
    matchOnDetail: true,
  });
  const chosen = (picked ?? []).flatMap(({ path }) => (path ? [path] : []));
  return picked?.includes(elsewhere) ? [...chosen, ...(await chooseFiles())] : chosen;
}

/** Newest first; files of the name that are no reports are others' business. */
async function reportsOfWorkspace(): Promise<OpenedReport[]> {
  const files = await workspace.findFiles(globs.reports, '**/node_modules/**', mostFiles);
  const read = await Promise.allSettled(files.map(({ fsPath }) => readReport(fsPath)));
  return read
    .flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    .sort((a, b) => b.report.created.localeCompare(a.report.created));
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
    title: 'Reports to compare with',
    openLabel: 'Compare',
    canSelectMany: true,
    filters: { Report: ['json'] },
  });
  return (files ?? []).map(({ fsPath }) => fsPath);
}
