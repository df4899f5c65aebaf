import assert from 'node:assert/strict';
import test from 'node:test';
import * as z from 'zod/mini';
import { anyNumber, type Handlers, nothing, type ViewApi } from '../../src/protocol/contract.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import 'vscode-jsonrpc/node';
import { createRpc, postedConnection } from '../../src/protocol/rpc.ts';

const api = {
  toHost: {
    requests: {
      double: { params: z.object({ value: z.number() }), result: z.object({ value: z.number() }) },
      wait: { params: nothing, result: nothing },
      count: {
        params: z.object({ to: z.int() }),
        progress: z.object({ at: z.int() }),
        result: z.object({ at: z.int() }),
        answersWhenCancelled: true,
      },
    },
    notifications: { told: z.object({ text: z.string() }) },
  },
  toView: { requests: {}, notifications: { loss: z.object({ loss: anyNumber }) } },
} as const satisfies ViewApi;

/** Both ends, joined as the editor joins them: through JSON, and later. */
function line(handlers: Partial<Handlers<typeof api.toHost>>) {
  const strays: string[] = [];
  const losses: number[] = [];
  const copy = (message: unknown) => JSON.parse(JSON.stringify(message)) as unknown;
  const onStray = (problem: string) => void strays.push(problem);
  const all: Handlers<typeof api.toHost> = {
    double: ({ value }) => ({ value: 2 * value }),
    wait: () => undefined,
    count: async ({ to }, { signal, progress }) => {
      let at = 0;
      while (at < to && !signal.aborted) {
        progress({ at: ++at });
        await new Promise(resolve => setTimeout(resolve, 1));
      }
      return { at };
    },
    told: () => {},
    ...handlers,
  };
  const hostEnd = postedConnection(message => queueMicrotask(() => viewEnd.receive(copy(message))), onStray);
  const viewEnd = postedConnection(message => queueMicrotask(() => hostEnd.receive(copy(message))), onStray);
  const host = createRpc<typeof api.toHost, typeof api.toView>({
    own: api.toHost,
    other: api.toView,
    handlers: all,
    connection: hostEnd.connection,
    onStray,
  });
  const view = createRpc<typeof api.toView, typeof api.toHost>({
    own: api.toView,
    other: api.toHost,
    handlers: { loss: ({ loss }) => void losses.push(loss) },
    connection: viewEnd.connection,
    onStray,
  });
  return { host, view, strays, losses, receive: hostEnd.receive, ask: viewEnd.connection };
}

/** Messages take turns of the event loop, each a few; time alone, under load, would be fewer. */
async function settled() {
  for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve));
}

test('requests are answered, each its own, in whatever order', async () => {
  const { view } = line({
    double: async ({ value }) => {
      await new Promise(resolve => setTimeout(resolve, value));
      return { value: 2 * value };
    },
  });
  const answers = [20, 1, 10].map(value => view.request('double', { value }));
  assert.deepEqual(
    (await Promise.all(answers)).map(a => a.value),
    [40, 2, 20],
  );
});

test('a request that does not fit, is not known or fails gets an error answer', async () => {
  const { view, strays, receive, ask } = line({
    wait: () => {
      throw new WorkbenchError('notFound', 'There is no such run.', 'Train it first.');
    },
    double: () => ({ value: 'four' }) as never,
  });
  await assert.rejects(view.request('double', { value: 'two' } as never), {
    code: 'badRequest',
    message: /^parameters of 'double' does not fit at value: /,
  });
  await assert.rejects(view.request('double', { value: 2 }), { message: /^the answer to 'double' does not fit/ });
  await assert.rejects(view.request('wait', undefined), { code: 'notFound', hint: 'Train it first.' });
  await assert.rejects(Promise.resolve(ask.sendRequest('constructor', {})), {
    message: "There is no 'constructor' here.",
    data: { code: 'badRequest', problems: [] },
  });
  receive({ type: 'request' });
  receive(undefined);
  void ask.sendNotification('told', { params: { text: 3 } });
  await settled();
  assert.equal(strays.length, 3, strays.join('\n'));
});

test('what was cancelled stops at the other end, and rejects with the reason', async () => {
  let stopped: AbortSignal | undefined;
  const { view, strays } = line({
    wait: (_, { signal }) =>
      new Promise((_, reject) => {
        stopped = signal;
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      }),
  });
  const abort = new AbortController();
  const answer = view.request('wait', undefined, { signal: abort.signal });
  await settled();
  abort.abort(new Error('no longer wanted'));
  await assert.rejects(answer, { message: 'no longer wanted' });
  await settled();
  assert.equal(stopped?.aborted, true);
  assert.deepEqual(strays, []);
});

test('a request that is cancelled before its turn has come does not begin its work', async () => {
  let saw: boolean | undefined;
  const { view } = line({
    wait: (_, { signal }) => {
      saw = signal.aborted;
    },
  });
  const abort = new AbortController();
  const answer = view.request('wait', undefined, { signal: abort.signal });
  abort.abort(new Error('no longer wanted'));
  await assert.rejects(answer, { message: 'no longer wanted' });
  await settled();
  assert.equal(saw, true);
});

test('an answer that crosses a cancellation is none; who asks so is told at once', async () => {
  const abort = new AbortController();
  const { view, ask } = line({
    double: ({ value }) => {
      abort.abort(new Error('given up'));
      return { value };
    },
  });
  await assert.rejects(view.request('double', { value: 1 }, { signal: abort.signal }), { message: 'given up' });
  const eager = createRpc<typeof api.toView, typeof api.toHost>({
    own: api.toView,
    other: api.toHost,
    handlers: { loss: () => {} },
    connection: { ...ask, listen() {}, onRequest: () => ask, sendRequest: () => new Promise(() => {}) } as never,
    onStray() {},
    abortsAtOnce: true,
  });
  const stop = new AbortController();
  const endless = eager.request('wait', undefined, { signal: stop.signal });
  stop.abort(new Error('at once'));
  await assert.rejects(endless, { message: 'at once' });
});

test('progress comes in order and before the answer; what was cancelled may answer with what was done', async () => {
  const { view, strays } = line({});
  const told: number[] = [];
  const onProgress = ({ at }: { at: number }) => void told.push(at);
  assert.deepEqual(await view.request('count', { to: 5 }, { onProgress }), { at: 5 });
  assert.deepEqual(told, [1, 2, 3, 4, 5]);
  // Nobody listens: nothing is sent.
  assert.deepEqual(await view.request('count', { to: 2 }), { at: 2 });
  const abort = new AbortController();
  const { at } = await view.request(
    'count',
    { to: 1e6 },
    { signal: abort.signal, onProgress: p => p.at === 3 && abort.abort() },
  );
  assert.ok(at >= 3 && at < 1000, `${at}`);
  assert.deepEqual(strays, []);
});

test('a view that is closed: who waits is told as of a cancellation, and handlers are stopped', async () => {
  let stopped: AbortSignal | undefined;
  const { view, host } = line({
    wait: (_, { signal }) => {
      stopped = signal;
      return new Promise(() => {});
    },
  });
  const answer = view.request('wait', undefined);
  await settled();
  host.dispose();
  view.dispose();
  await assert.rejects(answer, { name: 'AbortError' });
  assert.equal(stopped?.aborted, true);
});

test('notifications arrive; a loss that is no number stays none', async () => {
  const { host, losses } = line({});
  for (const loss of [1.5, Number.NaN, Infinity]) host.notify('loss', { loss });
  await settled();
  assert.deepEqual(losses, [1.5, Number.NaN, Number.NaN]);
});
