import { type CustomReadonlyEditorProvider, commands, type Disposable, type Uri, window } from 'vscode';
import { reportEditor } from '../contributions/editors.ts';
import type { ViewContext } from '../webviews/webviewPanel.ts';

/** `report.json` as a view. What it takes is loaded with the first report that is opened. */
export function registerReportEditor(context: ViewContext): Disposable {
  const provider: CustomReadonlyEditorProvider = {
    openCustomDocument: uri => ({ uri, dispose() {} }),
    async resolveCustomEditor({ uri }, panel) {
      const { connectReportView } = await import('./reportView.ts');
      const view = connectReportView(panel.webview, uri, context);
      panel.onDidDispose(() => view.dispose());
    },
  };
  return window.registerCustomEditorProvider(reportEditor.viewType, provider, {
    supportsMultipleEditorsPerDocument: true,
  });
}

/** Opens a `report.json` in its view, or shows the one that is open. */
export async function openReportView(report: Uri): Promise<void> {
  await commands.executeCommand('vscode.openWith', report, reportEditor.viewType);
}
