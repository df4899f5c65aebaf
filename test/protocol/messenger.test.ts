import assert from 'node:assert/strict';
import test from 'node:test';
import * as z from 'zod/mini';
import { anyNumber, type Handlers, nothing, type ViewApi } from '../../src/protocol/api.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { createMessenger } from '../../src/protocol/messenger.ts';

const api = {
  toHost: {
    requests: {
      double: { params: z.object({ value: z.number() }), result: z.object({ value: z.number() }) },
      wait: { params: nothing, result: nothing },
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
  const onStray = (problem: string) => strays.push(problem);
  const all: Handlers<typeof api.toHost> = {
    double: ({ value }) => ({ value: 2 * value }),
    wait: () => undefined,
    told: () => {},
    ...handlers,
  };
  const host = createMessenger<typeof api.toHost, typeof api.toView>({
    own: api.toHost,
    other: api.toView,
    handlers: all,
    post: message => queueMicrotask(() => view.receive(copy(message))),
    onStray,
  });
  const view = createMessenger<typeof api.toView, typeof api.toHost>({
    own: api.toView,
    other: api.toHost,
    handlers: { loss: ({ loss }) => void losses.push(loss) },
    post: message => queueMicrotask(() => host.receive(copy(message))),
    onStray,
  });
  return { host, view, strays, losses };
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
  const { view, host, strays } = line({
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
  const answer = new Promise(resolve => {
    createMessenger({ own: api.toHost, other: api.toView, handlers: {} as never, post: resolve, onStray() {} }).receive(
      {
        type: 'request',
        id: 7,
        method: 'constructor',
      },
    );
  });
  assert.deepEqual(await answer, {
    type: 'error',
    id: 7,
    error: { code: 'badRequest', message: "There is no 'constructor' here.", hint: undefined },
  });
  host.receive({ type: 'request' });
  host.receive(undefined);
  host.receive({ type: 'notification', method: 'told', params: { text: 3 } });
  assert.equal(strays.length, 3, strays.join('\n'));
});

test('what was cancelled stops at the other end, and its answer is not waited for', async () => {
  let stopped: AbortSignal | undefined;
  const { view, strays } = line({
    wait: (_, signal) =>
      new Promise((_, reject) => {
        stopped = signal;
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      }),
  });
  const abort = new AbortController();
  const answer = view.request('wait', undefined, abort.signal);
  await new Promise(resolve => setTimeout(resolve));
  abort.abort(new Error('no longer wanted'));
  await assert.rejects(answer, { message: 'no longer wanted' });
  await new Promise(resolve => setTimeout(resolve));
  assert.equal(stopped?.aborted, true);
  assert.deepEqual(strays, []);
});

test('a view that is closed: who waits is told as of a cancellation, and handlers are stopped', async () => {
  let stopped: AbortSignal | undefined;
  const { view, host } = line({
    wait: (_, signal) => {
      stopped = signal;
      return new Promise(() => {});
    },
  });
  const answer = view.request('wait', undefined);
  await new Promise(resolve => setTimeout(resolve));
  host.dispose();
  view.dispose();
  await assert.rejects(answer, { name: 'AbortError' });
  assert.equal(stopped?.aborted, true);
});

test('notifications arrive; a loss that is no number stays none', async () => {
  const { host, losses } = line({});
  for (const loss of [1.5, Number.NaN, Infinity]) host.notify('loss', { loss });
  await new Promise(resolve => setTimeout(resolve));
  assert.deepEqual(losses, [1.5, Number.NaN, Number.NaN]);
});
