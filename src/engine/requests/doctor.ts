import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { loadBase } from '../../experiment/base.ts';
import { baseFolder } from '../../experiment/baseFolder.ts';
import { baseParameters } from '../../nn/model/layout.ts';
import { int8Support } from '../runtime/int8Support.ts';
import { runtimeBackends, runtimeVersion } from '../runtime/session.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Training the embedded base takes about this much; below it the system swaps or ends the process. */
const neededMemory = 1e9;
/** Runs, merges and a full merged base of the shipped example. */
const neededDisk = 500e6;

/** What this machine has for the work, and what it lacks. */
export const handle: RequestHandler<'doctor'> = async (workbench, { probe }) => {
  const problems: string[] = [];
  const folder = baseFolder('embedded', '', workbench.mediaFolder);
  const embeddedBase = await loadBase(folder).then(
    base => ({ folder, parameters: baseParameters(base) }),
    error => {
      problems.push(`The embedded base cannot be read (${error.message}): install the package again.`);
      return undefined;
    },
  );
  const backends = runtimeBackends();
  if (!backends.some(b => b.name === 'cpu' && b.bundled))
    problems.push('onnxruntime-node has no CPU backend for this platform: install it again with npm.');
  // What this process may still use; Node.js before 20.13 knows only what nobody uses.
  const freeMemoryBytes = process.availableMemory?.() ?? freemem();
  if (freeMemoryBytes < neededMemory)
    problems.push(
      `Only ${Math.round(freeMemoryBytes / 1e6)} MB of memory are free: training needs about ${neededMemory / 1e6} MB.`,
    );
  const { devices } = workbench;
  const device = await (probe ? devices.probeAnew() : devices.status());
  const { choice, used, reason } = device;
  if (choice !== 'auto' && choice !== used)
    problems.push(`The device ${choice} cannot be used (${reason}): the CPU is used in its place.`);
  const { bavail, bsize } = await statfs(process.cwd());
  if (bavail * bsize < neededDisk)
    problems.push(
      `Only ${Math.round((bavail * bsize) / 1e6)} MB are free on the disk of ${process.cwd()}: free some space.`,
    );
  const { isExact, isFast } = await int8Support(workbench.threads);
  return {
    node: process.version,
    runtime: `onnxruntime-node ${runtimeVersion}`,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    threads: workbench.threads,
    int8: isFast ? 'fast' : isExact ? 'slow' : 'inexact',
    memoryBytes: totalmem(),
    freeMemoryBytes,
    backends,
    device,
    embeddedBase,
    problems,
  };
};
