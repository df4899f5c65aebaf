import type { Device, DeviceChoice } from '../../protocol/device.ts';
import type { DeviceStatus, DeviceVerdict } from '../../protocol/engine/doctor.ts';
import { type DeviceUse, onCpu } from '../runtime/deviceUse.ts';
import { runtimeBackends } from '../runtime/session.ts';
import { driverVersions } from './driverVersions.ts';
import { probeDevice, probeVersion } from './probeDevice.ts';
import { createVerdictStore, type VerdictStore } from './verdictStore.ts';

/** The devices of this machine, as far as this process is concerned. */
export interface Devices {
  /** The device to compute on. Devices are probed at the first call; one that failed is not offered again. */
  use(): Promise<DeviceUse>;
  /** The verdicts so far. */
  status(): Promise<DeviceStatus>;
  /** Probes all of them anew, whatever the verdicts were. */
  probeAnew(): Promise<DeviceStatus>;
}

export interface DevicesOptions {
  choice: DeviceChoice;
  cacheFolder: string;
  threads: number;
  /** The engine process before this one, which ended by itself. */
  lost?: number;
  /** Something the user should know. */
  warn(message: string): void;
  /** For the log. */
  note(message: string): void;
  /** Tries a device; in a throw-away process without it. */
  probe?(device: Device, threads: number): Promise<DeviceVerdict>;
  /** Execution providers of the runtime; those of this build without it. */
  available?: Device[];
}

/** Fastest first, where several work: CUDA's kernels are the most complete, and only WebGPU keeps state on the device. */
const preference: readonly Device[] = ['cuda', 'webgpu', 'dml', 'coreml'];

/** For what needs no GPU. */
export const onlyCpu: Devices = {
  use: async () => onCpu,
  status: async () => ({ choice: 'cpu', used: 'cpu', reason: 'as asked for', verdicts: [] }),
  probeAnew: () => onlyCpu.status(),
};

export function createDevices(o: DevicesOptions): Devices {
  const { choice, warn, note, probe = probeDevice } = o;
  const available = o.available ?? (runtimeBackends().map(b => b.name) as Device[]);
  const candidates = preference.filter(d => available.includes(d));
  const verdicts = new Map<Device, DeviceVerdict>();
  let store: VerdictStore | undefined;
  let decided: Promise<DeviceStatus> | undefined;

  const keep = async (...found: DeviceVerdict[]) => {
    for (const v of found) verdicts.set(v.device, v);
    await store!.save([...verdicts.values()]).catch(error => note(`devices: not kept: ${error.message}`));
  };

  const openStore = async () => {
    store = createVerdictStore(o.cacheFolder, `${await driverVersions()}\nprobe ${probeVersion}`);
    for (const v of await store.load()) verdicts.set(v.device, v);
    const broken = store.clearMarks(o.lost);
    if (broken) {
      const reason = 'the engine process ended while it computed on it';
      await keep({ device: broken, state: 'broken', reason });
    }
  };

  const tried = async (device: Device): Promise<DeviceVerdict> => {
    const known = verdicts.get(device);
    // A user who asks for a device by name may have repaired it. That does not count for one that passed its probe and then
    // took the engine down.
    if (known && (known.state !== 'failed' || choice === 'auto')) return known;
    const found = await probe(device, o.threads);
    note(`device ${device}: ${found.state}: ${found.reason}`);
    await keep(found);
    return found;
  };

  const decide = async (): Promise<Pick<DeviceStatus, 'used' | 'reason'>> => {
    if (choice !== 'auto') {
      if (!candidates.includes(choice)) {
        const has = [...candidates, 'cpu'].join(', ');
        return refuse(choice, `this build of onnxruntime-node does not have it; it has ${has}`);
      }
      const { state, reason } = await tried(choice);
      if (state === 'broken') return refuse(choice, `${reason}; 'multi-lora doctor --probe' tries it anew`);
      return state === 'failed' ? refuse(choice, reason) : { used: choice, reason: `as asked for; ${reason}` };
    }
    for (const device of candidates) {
      const { state, reason } = await tried(device);
      if (state === 'works') return { used: device, reason };
    }
    return { used: 'cpu', reason: 'no other device works and is faster' };
  };

  const refuse = (device: Device, reason: string) => {
    warn(`device ${device} cannot be used: ${reason}. The CPU is used.`);
    return { used: 'cpu' as const, reason: `${device}: ${reason}` };
  };

  const settle = async (): Promise<DeviceStatus> => {
    if (choice === 'cpu') return onlyCpu.status();
    if (!store) await openStore();
    const { used, reason } = await decide();
    note(`computing on ${used}: ${reason}`);
    if (used !== 'cpu')
      await store!.markInUse(used).catch(error => note(`devices: use is not marked: ${error.message}`));
    return { choice, used, reason, verdicts: [] };
  };

  const status = async (): Promise<DeviceStatus> => {
    decided ??= settle();
    return { ...(await decided), verdicts: [...verdicts.values()] };
  };

  return {
    status,

    async use() {
      const { used } = await status();
      return {
        device: used,
        halfFloats: used === 'cpu' || verdicts.get(used)?.halfFloats === true,
        failed(error) {
          const reason = (error as Error).message;
          warn(`device ${used} gave up: ${reason}\nThe CPU is used from now on.`);
          decided = Promise.resolve({ choice, used: 'cpu', reason: `${used} gave up: ${reason}`, verdicts: [] });
        },
      };
    },

    async probeAnew() {
      if (!store) await openStore();
      verdicts.clear();
      for (const device of candidates) await keep(await probe(device, o.threads));
      decided = undefined;
      return status();
    },
  };
}
