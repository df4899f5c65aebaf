import { readdirSync, readFileSync } from 'node:fs';

/** Processes that a process has started, with what they run; on Linux. */
export function childrenOf(pid: number, program: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(each => processFile(each, 'status').includes(`\nPPid:\t${pid}\n`))
    .filter(each => processFile(each, 'cmdline').includes(program));
}

/** What Linux tells of a process; empty where it has ended. */
export function processFile(pid: number, name: 'status' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
