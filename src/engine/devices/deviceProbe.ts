import { writeSync } from 'node:fs';
import type { Device } from '../../protocol/device.ts';
import { endWithParent } from '../endWithParent.ts';
import { type Measured, measureDevice, measureHalfFloats } from './measureDevice.ts';

// A program of its own, so that a driver that ends its process does not end the engine: `deviceProbe DEVICE THREADS`.
// The last line that it prints counts.
endWithParent();
const [device, threads] = process.argv.slice(2) as [Device, string];
const print = (found: Measured) => writeSync(1, `${JSON.stringify(found)}\n`);
try {
  const found = await measureDevice(device, Number(threads));
  print(found);
  if (found.state !== 'failed') print({ ...found, halfFloats: await hasHalfFloats() });
} catch (error) {
  print({ state: 'failed', reason: (error as Error).message });
}

/** A device without half floats refuses the graph, which is no failure of the device. */
function hasHalfFloats(): Promise<boolean> {
  return measureHalfFloats(device, Number(threads)).catch(() => false);
}
