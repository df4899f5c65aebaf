import type { Devices, DevicesOptions } from './devices.ts';

/** The devices of this machine, of which nothing is loaded before somebody asks: the runtime comes with them. */
export function lazyDevices(options: DevicesOptions): Devices {
  let opened: Promise<Devices> | undefined;
  const devices = () => {
    opened ??= import('./devices.ts').then(({ createDevices }) => createDevices(options));
    return opened;
  };
  return {
    use: async () => (await devices()).use(),
    status: async () => (await devices()).status(),
    probeAnew: async () => (await devices()).probeAnew(),
  };
}
