import type { Device } from '../../protocol/device.ts';
import { isRefusal } from './session.ts';

/** The device that something is opened on, and whom to tell when it gives up. */
export interface DeviceUse {
  device: Device;
  /** It has half floats, for what training keeps in its memory. */
  halfFloats: boolean;
  /** The device refused a graph or a run; the CPU goes on. */
  failed(error: unknown): void;
}

export const onCpu: DeviceUse = {
  device: 'cpu',
  halfFloats: true,
  failed: () => {},
};

/** Does something on the device in use, and on the CPU where the device refuses it. */
export async function runOn<T>(use: DeviceUse, work: (device: Device) => Promise<T>): Promise<T> {
  if (use.device === 'cpu') return work('cpu');
  try {
    return await work(use.device);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    use.failed(error);
    return work('cpu');
  }
}
