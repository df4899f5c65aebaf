import { readdirSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../experiment/files.ts';
import { isProcessAlive } from '../../experiment/processes.ts';
import { type Device, devices } from '../../protocol/device.ts';
import type { DeviceVerdict } from '../../protocol/engine/doctor.ts';

/** The verdicts on devices, stored between processes and valid as long as runtime and drivers stay the same. */
export interface VerdictStore {
  /** The file, for messages. */
  path: string;
  load(): Promise<DeviceVerdict[]>;
  save(verdicts: DeviceVerdict[]): Promise<void>;
  /** Leaves a mark that this process computes on a device; it is gone when the process ends in any orderly way. */
  markInUse(device: Device): Promise<void>;
  /** Removes the marks of processes that have ended, and gives the device that `lost` had marked. */
  clearMarks(lost: number | undefined): Device | undefined;
}

interface Stored {
  versions: string;
  verdicts: DeviceVerdict[];
}

export function createVerdictStore(folder: string, versions: string): VerdictStore {
  const path = join(folder, 'devices.json');
  const marks = join(folder, 'in-use');
  const markOf = (device: Device) => join(marks, `${device}-${process.pid}`);
  return {
    path,

    async load() {
      try {
        const stored = JSON.parse(await readFile(path, 'utf8')) as Stored;
        return stored.versions === versions ? stored.verdicts.filter(v => devices.includes(v.device)) : [];
      } catch {
        // The file is missing or damaged: the devices are probed anew.
        return [];
      }
    },

    save: verdicts => writeFileAtomic(path, `${JSON.stringify({ versions, verdicts } satisfies Stored, null, 1)}\n`),

    async markInUse(device) {
      await mkdir(marks, { recursive: true });
      await writeFile(markOf(device), '');
      process.once('exit', () => rmSync(markOf(device), { force: true }));
    },

    clearMarks(lost) {
      let found: Device | undefined;
      for (const name of namesIn(marks)) {
        const [, device, owner] = /^([a-z]+)-(\d+)$/.exec(name) ?? [];
        if (owner === undefined || isProcessAlive(Number(owner))) continue;
        if (Number(owner) === lost) found = devices.find(d => d === device);
        rmSync(join(marks, name), { force: true });
      }
      return found;
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No device has been in use yet.
    return [];
  }
}
