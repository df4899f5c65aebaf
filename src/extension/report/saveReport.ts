import { basename, dirname, join } from 'node:path';
import { commands, env, l10n, Uri, window, workspace } from 'vscode';
import type { Params } from '../../protocol/contract.ts';
import type { reportApi } from '../../protocol/views/report.ts';
import { reportHtml } from '../../report/reportHtml.tsx';
import { reportMarkdown } from '../../report/reportMarkdown.ts';
import { type OpenedReport, readReport } from './readReport.ts';

type Wanted = Params<(typeof reportApi)['toHost'], 'save'>;

const endings = { html: 'html', markdown: 'md', json: 'json', png: 'png' };

/** Asks where to and writes it there. Returns false where the user thought better of it. */
export async function saveReport(wanted: Wanted): Promise<boolean> {
  const opened = await readReport(wanted.path);
  const ending = endings[wanted.format];
  const name = wanted.format === 'png' ? wanted.name : `${opened.report.recipe.name} report`;
  const target = await window.showSaveDialog({
    defaultUri: Uri.file(join(dirname(wanted.path), `${fileName(name)}.${ending}`)),
    filters: { [wanted.format.toUpperCase()]: [ending] },
  });
  if (!target) return false;
  await workspace.fs.writeFile(target, contentOf(wanted, opened));
  void offerToOpen(target, wanted.format);
  return true;
}

function contentOf(wanted: Wanted, { report }: OpenedReport): Uint8Array {
  switch (wanted.format) {
    case 'html':
      return Buffer.from(reportHtml(report));
    case 'markdown':
      return Buffer.from(reportMarkdown(report));
    case 'json':
      return Buffer.from(`${JSON.stringify(report, null, 1)}\n`);
    case 'png':
      return Buffer.from(wanted.base64, 'base64');
  }
}

/** Letters, digits and hyphens, whatever a recipe is called. */
function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'report';
}

async function offerToOpen(target: Uri, format: Wanted['format']): Promise<void> {
  const chosen = await window.showInformationMessage(l10n.t('Saved {0}.', basename(target.fsPath)), l10n.t('Open'));
  if (!chosen) return;
  // A page is to be seen, not its source.
  if (format === 'html') await env.openExternal(target);
  else await commands.executeCommand('vscode.open', target);
}
