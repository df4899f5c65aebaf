import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDevices } from '../../../src/engine/devices/devices.ts';
import type { Device, DeviceChoice } from '../../../src/protocol/device.ts';
import type { DeviceVerdict } from '../../../src/protocol/engine/doctor.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

interface Machine {
  choice: DeviceChoice;
  /** What trying a device comes to; there are no GPUs here. */
  found: Partial<Record<Device, DeviceVerdict['state']>>;
  cacheFolder: string;
  lost?: number;
}

function onMachine({ choice, found, cacheFolder, lost }: Machine) {
  const tried: Device[] = [];
  const warnings: string[] = [];
  const devices = createDevices({
    choice,
    cacheFolder,
    threads: 1,
    lost,
    available: ['cpu', 'webgpu', 'cuda'],
    warn: message => warnings.push(message),
    note: () => {},
    async probe(device) {
      tried.push(device);
      return { device, state: found[device] ?? 'failed', reason: `as ${device} is` };
    },
  });
  return { devices, tried, warnings };
}

test('auto takes the first device that works and is faster', async () => {
  const { devices, tried, warnings } = onMachine({
    choice: 'auto',
    found: { webgpu: 'works' },
    cacheFolder: temporaryFolder(),
  });
  assert.equal((await devices.use()).device, 'webgpu');
  assert.deepEqual(tried, ['cuda', 'webgpu']);
  assert.deepEqual(warnings, []);
});

test('auto takes no device that is slower than the CPU, and tries none again in the next process', async () => {
  const cacheFolder = temporaryFolder();
  const first = onMachine({ choice: 'auto', found: { webgpu: 'slow' }, cacheFolder });
  assert.equal((await first.devices.use()).device, 'cpu');
  const second = onMachine({ choice: 'auto', found: { webgpu: 'works' }, cacheFolder });
  assert.equal((await second.devices.use()).device, 'cpu');
  assert.deepEqual(second.tried, []);
  const status = await second.devices.probeAnew();
  assert.equal(status.used, 'webgpu');
  assert.deepEqual(
    status.verdicts.map(v => [v.device, v.state]),
    [
      ['cuda', 'failed'],
      ['webgpu', 'works'],
    ],
  );
});

test('with another driver, runtime or probe what was found holds no more; nor does half a file', async () => {
  const cacheFolder = temporaryFolder();
  const path = join(cacheFolder, 'devices.json');
  await onMachine({ choice: 'auto', found: {}, cacheFolder }).devices.use();
  const kept = readFileSync(path, 'utf8');
  for (const text of [
    kept.replace(/"versions": "onnxruntime [^\\]*/, '"versions": "onnxruntime 0.1'),
    kept.replace(/probe (\d+)"/, 'probe 1$1"'),
    kept.slice(0, 40),
  ]) {
    writeFileSync(path, text);
    const { devices, tried } = onMachine({ choice: 'auto', found: {}, cacheFolder });
    await devices.use();
    assert.deepEqual(tried, ['cuda', 'webgpu']);
  }
});

test('a device that was asked for and fails: the CPU, with the reason; it is tried again the next time', async () => {
  const cacheFolder = temporaryFolder();
  for (let time = 0; time < 2; time++) {
    const { devices, tried, warnings } = onMachine({ choice: 'webgpu', found: {}, cacheFolder });
    assert.equal((await devices.use()).device, 'cpu');
    assert.deepEqual(tried, ['webgpu']);
    assert.deepEqual(warnings, ['device webgpu cannot be used: as webgpu is. The CPU is used.']);
  }
  const { devices, warnings } = onMachine({ choice: 'dml', found: {}, cacheFolder });
  assert.equal((await devices.use()).device, 'cpu');
  assert.match(
    warnings[0]!,
    /dml cannot be used: this build of onnxruntime-node does not have it; .* cuda, webgpu, cpu/,
  );
});

test('a slow device is used where it was asked for', async () => {
  const { devices, warnings } = onMachine({
    choice: 'webgpu',
    found: { webgpu: 'slow' },
    cacheFolder: temporaryFolder(),
  });
  assert.equal((await devices.use()).device, 'webgpu');
  assert.deepEqual(warnings, []);
});

test('a device that gives up is not offered again by this process, but by the next', async () => {
  const cacheFolder = temporaryFolder();
  const { devices, warnings } = onMachine({ choice: 'auto', found: { cuda: 'works' }, cacheFolder });
  (await devices.use()).failed(new Error('out of memory'));
  assert.equal((await devices.use()).device, 'cpu');
  assert.match((await devices.status()).reason, /cuda gave up: out of memory/);
  assert.match(warnings[0]!, /cuda gave up: out of memory/);
  assert.equal((await onMachine({ choice: 'auto', found: {}, cacheFolder }).devices.use()).device, 'cuda');
});

test('a device on which an engine died is not used again until it is tried anew; one that was killed counts nothing', async () => {
  const cacheFolder = temporaryFolder();
  const { pid } = spawnSync(process.execPath, ['--version']);
  const leaveMark = () => {
    mkdirSync(join(cacheFolder, 'in-use'), { recursive: true });
    writeFileSync(join(cacheFolder, 'in-use', `cuda-${pid}`), '');
  };
  const next = (choice: DeviceChoice, lost?: number) =>
    onMachine({ choice, found: { cuda: 'works' }, cacheFolder, lost });
  leaveMark();
  assert.equal((await next('auto').devices.use()).device, 'cuda');
  leaveMark();
  assert.equal((await next('auto', pid).devices.use()).device, 'cpu');
  assert.equal((await next('auto').devices.use()).device, 'cpu');
  const asked = next('cuda');
  assert.equal((await asked.devices.use()).device, 'cpu');
  assert.match(asked.warnings[0]!, /the engine process ended while it computed on it; 'multi-lora doctor --probe'/);
  assert.equal((await asked.devices.probeAnew()).used, 'cuda');
});
