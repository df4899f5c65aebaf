import { execFile } from 'node:child_process';
import type { Device } from '../../protocol/device.ts';
import type { DeviceVerdict } from '../../protocol/engine/doctor.ts';
import { childProgram } from '../childProgram.ts';
import type { Measured } from './measureDevice.ts';

/** Drivers have been seen to hang; a first start that compiles all kernels takes some seconds. */
const patience = 60_000;

/** Version of the probe: verdicts of an older probe do not count. */
export const probeVersion = 2;

/** Tries a device in a throw-away process. Whatever happens there, this gives a verdict. */
export function probeDevice(device: Device, threads: number): Promise<DeviceVerdict> {
  const { path, execArgv } = childProgram('deviceProbe', import.meta.url);
  return runProbe(device, [...execArgv, path, device, String(threads)]);
}

/** As probeDevice, with the arguments of the Node process that is the probe. */
export function runProbe(device: Device, args: string[]): Promise<DeviceVerdict> {
  return new Promise(resolve => {
    execFile(process.execPath, args, { timeout: patience, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const answer = stdout.split('\n').findLast(line => line.startsWith('{'));
      if (answer) return resolve({ ...short(JSON.parse(answer) as Measured), device });
      const how = error?.killed
        ? `gave no answer within ${patience / 1000} s`
        : `ended the process that tried it (${error?.signal ?? `exit code ${error?.code}`})`;
      const said = stderr.trim().split('\n').at(-1);
      resolve({ ...short({ state: 'failed', reason: said ? `${how}: ${said}` : how }), device });
    });
  });
}

/** The verdict with the runtime's words, without the places in its source that come first. */
function short(verdict: Measured): Measured {
  const words = verdict.reason
    .replaceAll(/^onnxruntime could not \w+ the graph: |\/onnxruntime_src\S+ .*? was false\. /g, '')
    .replaceAll(/\s+/g, ' ');
  return { ...verdict, reason: words.length > 300 ? `${words.slice(0, 300)} …` : words };
}
