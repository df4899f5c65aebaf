import assert from 'node:assert/strict';
import test from 'node:test';
import { createRestartPolicy } from '../../src/client/restartPolicy.ts';

test('waits 0.25, 1, 4, 4 s, gives up after the fifth end, and begins anew after a minute', () => {
  let now = 0;
  const policy = createRestartPolicy(() => now);
  const delays: (number | undefined)[] = [policy.delay()];
  for (let i = 0; i < 5; i++) {
    policy.ended();
    delays.push(policy.delay());
    now += 1000;
  }
  assert.deepEqual(delays, [0, 250, 1000, 4000, 4000, undefined]);
  now = 60_500;
  assert.equal(policy.delay(), 4000, 'the first end is forgotten');
  now = 70_000;
  assert.equal(policy.delay(), 0);
});
