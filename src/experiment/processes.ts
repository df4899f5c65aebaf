import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A process and the machine that it runs on. Linux alone says when a process started and in which namespace its number
 * counts; both are empty elsewhere.
 */
export interface ProcessIdentity {
  pid: number;
  /** By it a process is told from a later one that got its number. */
  start: string;
  host: string;
  namespace: string;
}

export const ownProcess: ProcessIdentity = {
  pid: process.pid,
  start: statOf(process.pid)?.start ?? '',
  host: hostname(),
  namespace: ownNamespace(),
};

/**
 * Whether a process of this machine runs. One that has ended and was not yet collected by its parent does not, nor does
 * one that only got the number of what started at `start`.
 */
export function isProcessAlive(pid: number, start = ''): boolean {
  // Zero and negative numbers stand for groups of processes.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Otherwise it runs, and belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = statOf(pid);
  if (!stat) return true;
  return stat.state !== 'Z' && stat.state !== 'X' && (start === '' || start === stat.start);
}

/** What Linux says of a process: its state, and when it started, in ticks since the machine did; see proc_pid_stat(5). */
function statOf(pid: number): { state: string; start: string } | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before it is in brackets, and may hold blanks and brackets itself.
    const [state, ...numbers] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const start = numbers[18];
    return state && start ? { state, start } : undefined;
  } catch {
    // It has ended, or the system hides the processes of others.
    return undefined;
  }
}

function ownNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '';
  }
}
