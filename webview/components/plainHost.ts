import type { Handlers, ViewApi } from '../../src/protocol/contract.ts';
import 'vscode-jsonrpc/browser';
import { createRpc, postedConnection, type Rpc } from '../../src/protocol/rpc.ts';

/** How a host behaves in a plain page: its answers, and what it tells by itself. */
export interface Recording<Api extends ViewApi> {
  handlers: Handlers<Api['toHost']>;
  /** Called once, when the page has asked for the first time. */
  start?(view: Rpc<Api['toView']>): void;
}

/**
 * Takes the editor's place in a plain page, for development and tests: the page's `recorded=NAME` chooses among the
 * recordings. Messages are copied as the editor does, through JSON.
 */
export function playRecordings<Api extends ViewApi>(
  api: Api,
  recordings: { default: Recording<Api> } & Record<string, Recording<Api>>,
): void {
  const wanted = new URLSearchParams(location.search).get('recorded') ?? 'default';
  const { handlers, start } = recordings[wanted] ?? recordings.default;
  const copied = (message: unknown) => JSON.parse(JSON.stringify(message)) as unknown;
  let hasStarted = false;
  let page: unknown;
  const { connection, receive } = postedConnection(
    message => window.postMessage({ page, message: copied(message) }),
    console.error,
  );
  const host = createRpc<Api['toHost'], Api['toView']>({
    own: api.toHost,
    other: api.toView,
    handlers,
    connection,
    onStray: console.error,
  });
  const stateKey = `state of ${location.pathname}`;
  Object.assign(window, {
    acquireVsCodeApi: () => ({
      postMessage(message: unknown) {
        const copy = copied(message) as { page: unknown; message: unknown };
        // As in the editor, the answer comes later than the call.
        setTimeout(() => {
          ({ page } = copy);
          receive(copy.message);
          if (!hasStarted) start?.(host);
          hasStarted = true;
        });
      },
      getState: () => JSON.parse(sessionStorage.getItem(stateKey) ?? 'null') ?? undefined,
      setState: (state: unknown) => sessionStorage.setItem(stateKey, JSON.stringify(state)),
    }),
  });
}
