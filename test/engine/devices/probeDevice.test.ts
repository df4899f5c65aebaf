import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureDevice } from '../../../src/engine/devices/measureDevice.ts';
import { runProbe } from '../../../src/engine/devices/probeDevice.ts';

test('a driver that aborts ends the process that tried it, and nothing else', async () => {
  const { state, reason } = await runProbe('webgpu', ['-e', 'process.abort()']);
  assert.equal(state, 'failed');
  assert.match(reason, /ended the process that tried it/);
});

test('what the process says on its way out is told', async () => {
  const { reason } = await runProbe('cuda', ['-e', 'console.error("no such\\ndriver"); process.exit(3)']);
  assert.equal(reason, 'ended the process that tried it (exit code 3): driver');
});

test('other output beside the answer is not taken for it', async () => {
  const program =
    'console.log("loading"); console.log(JSON.stringify({ state: "works", reason: "fast" })); process.exit(1)';
  assert.deepEqual(await runProbe('dml', ['-e', program]), { device: 'dml', state: 'works', reason: 'fast' });
});

test('the CPU against itself agrees', async () => {
  const { state, timing } = await measureDevice('cpu', 1);
  assert.notEqual(state, 'failed');
  assert.ok(timing!.cpu > 0);
});
