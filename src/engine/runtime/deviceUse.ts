import type { Device } from '../../protocol/device.ts';
import { isRefusal } from './session.ts';

/** The device that something is opened on, and a callback for when it fails. */
export interface DeviceUse {
  device: Device;
  /** It computes with half floats, in which training can store activations. */
  halfFloats: boolean;
  /** The device refused to compile or to execute a graph; the CPU takes over. */
  failed(error: unknown): void;
}

export const onCpu: DeviceUse = {
  device: 'cpu',
  halfFloats: true,
  failed: () => {},
};

/** Works on the device in use, and once more on the CPU where the device refuses. */
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
