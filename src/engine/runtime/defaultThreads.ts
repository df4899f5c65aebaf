import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** More threads than this have not been seen to help on models of the sizes that are trained here. */
const mostThreads = 16;

/** Threads for the runtime: the physical cores this process may use. Two threads of one core share its vector units. */
export function defaultThreads(): number {
  const allowed = Math.min(availableParallelism(), cgroupCores() ?? Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(mostThreads, allowed, physicalCores() ?? allowed));
}

/** Cores of the machine as Linux lists them; undefined elsewhere, or where it does not tell, as on ARM. */
function physicalCores(): number | undefined {
  const text = readSystemFile('/proc/cpuinfo') ?? '';
  const cores = new Set<string>();
  for (const processor of text.split('\n\n')) {
    const socket = /^physical id\s*: (\d+)/m.exec(processor)?.[1];
    const core = /^core id\s*: (\d+)/m.exec(processor)?.[1];
    if (core !== undefined) cores.add(`${socket} ${core}`);
  }
  return cores.size || undefined;
}

/** What a container may use of the machine, which the number of processors does not tell. */
function cgroupCores(): number | undefined {
  const [quota, period] = (readSystemFile('/sys/fs/cgroup/cpu.max') ?? '').split(' ').map(Number);
  return quota && period ? Math.max(1, Math.round(quota / period)) : undefined;
}

function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not Linux, or hidden from this process: the caller has a default.
    return undefined;
  }
}
