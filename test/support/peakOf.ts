import { readFileSync } from 'node:fs';

/** Why the most memory that another process ever held is not known here. */
export const peakMissing = process.platform === 'linux' ? false : 'only Linux tells the peak of another process';

/** The most memory that a process ever held, in bytes. */
export function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(status)![1]);
}
