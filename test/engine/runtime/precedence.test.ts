import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ahead, giveWay } from '../../../src/engine/runtime/precedence.ts';

const turn = () => new Promise<void>(resolve => setImmediate(resolve));

test('long work stands still while somebody waits for something, and goes on afterwards', async () => {
  const order: string[] = [];
  const answer = async (name: string) => {
    for (let token = 0; token < 12; token++) await turn();
    order.push(name);
  };
  const steps = async () => {
    for (let step = 0; step < 3; step++) {
      await giveWay();
      order.push(`step ${step}`);
      // Two questions arrive during the first step; the second begins before the first is answered.
      if (step === 0)
        asked = Promise.all([ahead(() => answer('first')), turn().then(() => ahead(() => answer('second')))]);
    }
  };
  let asked: Promise<unknown> = Promise.resolve();
  await steps();
  await asked;
  assert.deepEqual(order, ['step 0', 'first', 'second', 'step 1', 'step 2']);
});

test('what somebody waits for does not wait for itself, nor for what failed', async () => {
  await ahead(async () => {
    await giveWay();
    await Promise.all([giveWay(), ahead(giveWay)]);
  });
  await assert.rejects(
    ahead(() => Promise.reject(new Error('refused'))),
    /refused/,
  );
  await giveWay();
});
