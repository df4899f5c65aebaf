import type { Handlers, ViewApi } from '../../src/protocol/contract.ts';
import 'vscode-jsonrpc/browser';
import { createRpc, postedConnection, type Rpc } from '../../src/protocol/rpc.ts';

interface EditorApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): EditorApi;

// It can be acquired once in the life of a page.
const editor = acquireVsCodeApi();

/** The line to the host. Messages that do not fit are named in the page's console. */
export function connectHost<Api extends ViewApi>(api: Api, handlers: Handlers<Api['toView']>): Rpc<Api['toHost']> {
  // The host outlives its pages: what it answers to one that was hidden or reloaded is not for the next.
  const page = crypto.randomUUID();
  const { connection, receive } = postedConnection(message => editor.postMessage({ page, message }), console.error);
  window.addEventListener('message', ({ data }: MessageEvent<{ page?: unknown; message?: unknown }>) => {
    if (data?.page === page) receive(data.message);
  });
  return createRpc<Api['toView'], Api['toHost']>({
    own: api.toView,
    other: api.toHost,
    handlers,
    connection,
    onStray: console.error,
    // Who has given up shows so at once.
    abortsAtOnce: true,
  });
}

/** What the page is about, as the host named it: a recipe's path, for example. */
const subject = document.body.dataset.subject ?? '';

/** What was kept when the page was last here, or undefined: whoever reads it checks it, because versions differ. */
export function keptState(): unknown {
  return (editor.getState() as { state?: unknown } | undefined)?.state;
}

/** Keeps what brings the page back as it is, over hiding it and over a reload of the window. */
export function keepState(state: unknown): void {
  // The host reads the subject when it brings a panel back.
  editor.setState({ subject, state });
}

/** A view that is filled is where its user left it, and stays so when it is hidden or loaded again. */
export function keepScroll({ scroll }: { scroll: number }, changeState: (change: { scroll: number }) => void): void {
  window.scrollTo(0, scroll);
  document.addEventListener('scrollend', () => changeState({ scroll: window.scrollY }));
}

// Without any state the editor would not bring the page back.
keepState(keptState());
