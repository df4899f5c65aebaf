import type { Device } from '../../shared/device.ts';
import { measureDevice } from './measureDevice.ts';

// A program of its own, so that a driver that ends its process does not end the engine: `deviceProbe DEVICE THREADS`.
const [device, threads] = process.argv.slice(2) as [Device, string];
try {
  console.log(JSON.stringify(await measureDevice(device, Number(threads))));
} catch (error) {
  console.log(JSON.stringify({ state: 'failed', reason: (error as Error).message }));
}
