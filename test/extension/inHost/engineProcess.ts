import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of the engines that this extension host has started. */
export function enginePids(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(name => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const isEngine = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('dist/engine.mjs');
        return isEngine && state !== 'Z' && Number(parent) === process.pid;
      } catch {
        // It ended while we looked.
        return false;
      }
    })
    .map(Number);
}
