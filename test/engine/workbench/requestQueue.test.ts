import assert from 'node:assert/strict';
import test from 'node:test';
import { createRequestQueue } from '../../../src/engine/workbench/requestQueue.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';

const never = new AbortController().signal;

/** Work that ends when it is told to. */
function gatedWork(log: string[], name: string) {
  let finish = () => {};
  const done = new Promise<void>(resolve => {
    finish = resolve;
  });
  const work = async () => {
    log.push(`${name} begins`);
    await done;
    log.push(`${name} ends`);
    return name;
  };
  return { work, finish };
}

test('one after the other, in the order of coming', async () => {
  const queue = createRequestQueue();
  const log: string[] = [];
  const jobs = ['a', 'b', 'c'].map(name => gatedWork(log, name));
  const results = jobs.map(j => queue.run(j.work, never));
  for (const job of jobs.reverse()) job.finish();
  assert.deepEqual(await Promise.all(results), ['a', 'b', 'c']);
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('a failure frees the lane', async () => {
  const queue = createRequestQueue();
  const failing = queue.run(async () => Promise.reject(new Error('no')), never);
  const next = queue.run(async () => 1, never);
  await assert.rejects(failing, /no/);
  assert.equal(await next, 1);
});

test('a full queue refuses with busy', async () => {
  const queue = createRequestQueue(2);
  const first = gatedWork([], 'first');
  const running = queue.run(first.work, never);
  const waiting = [queue.run(async () => 2, never), queue.run(async () => 3, never)];
  await assert.rejects(
    queue.run(async () => 4, never),
    (e: WorkbenchError) => e instanceof WorkbenchError && e.code === 'busy',
  );
  first.finish();
  assert.deepEqual(await Promise.all([running, ...waiting]), ['first', 2, 3]);
});

test('cancelled while waiting leaves the queue, and makes room', async () => {
  const queue = createRequestQueue(1);
  const first = gatedWork([], 'first');
  const running = queue.run(first.work, never);
  const abort = new AbortController();
  let began = false;
  const waiting = queue.run(async () => {
    began = true;
  }, abort.signal);
  abort.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  const next = queue.run(async () => 'next', never);
  first.finish();
  assert.equal(await running, 'first');
  assert.equal(await next, 'next');
  assert.equal(began, false);
});
