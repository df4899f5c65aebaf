import { randomBytes } from 'node:crypto';
import { type Disposable, Uri, type Webview } from 'vscode';
import type { Handlers, ViewApi } from '../../protocol/contract.ts';
import 'vscode-jsonrpc/node';
import { createRpc, postedConnection, type Rpc } from '../../protocol/rpc.ts';
import { viewPage } from './viewPage.ts';
import type { ViewContext, ViewName } from './webviewPanel.ts';

/**
 * Puts a view into a webview, of a panel, a custom editor or a side bar alike, and connects it.
 *
 * @param subject what the view is about, a recipe's or a report's path: the page knows it, and keeps it over reloads.
 * @returns what tells the page that is shown; dispose it with the webview.
 */
export function connectView<Api extends ViewApi>(
  webview: Webview,
  { extensionUri, log }: ViewContext,
  { name, title, subject }: { name: ViewName; title: string; subject: string },
  api: Api,
  handlers: Handlers<Api['toHost']>,
): Pick<Rpc<Api['toView']>, 'notify'> & Disposable {
  const folder = Uri.joinPath(extensionUri, 'dist', 'webview');
  const onStray = (problem: string) => log.warn(`View '${name}': ${problem}`);
  /** The page that is shown. Another one, after a reload or after it was hidden, gets a line of its own. */
  let shown: { page: unknown; receive(message: unknown): void; rpc: Rpc<Api['toView']> } | undefined;
  const connect = (page: unknown) => {
    shown?.rpc.dispose();
    const { connection, receive } = postedConnection(message => void webview.postMessage({ page, message }), onStray);
    const rpc = createRpc<Api['toHost'], Api['toView']>({
      own: api.toHost,
      other: api.toView,
      handlers,
      connection,
      onStray,
    });
    shown = { page, receive, rpc };
    return shown;
  };
  const listening = webview.onDidReceiveMessage(({ page, message }: { page: unknown; message: unknown }) => {
    const { receive } = shown?.page === page ? shown! : connect(page);
    receive(message);
  });
  const address = (file: string) => webview.asWebviewUri(Uri.joinPath(folder, file)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  webview.html = viewPage({
    title,
    subject,
    source: webview.cspSource,
    nonce: randomBytes(16).toString('base64url'),
    scripts: [address(`${name}.js`)],
    styles: [address(`${name}.css`)],
  });
  return {
    notify: (method, params) => shown?.rpc.notify(method, params),
    dispose() {
      listening.dispose();
      shown?.rpc.dispose();
    },
  };
}
