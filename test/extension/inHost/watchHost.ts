import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * How long the host was kept from its next turn, and how long its own thread computed at a stretch, at most, in
 * milliseconds. A busy machine lengthens the first alone, that of a host that does nothing too.
 */
export interface HostWatch {
  delayed: number;
  computed: number;
}

/** What nobody would notice, in milliseconds. */
export const longestBlock = 50;

/** Watches the extension host while something goes on. */
export async function watchHost(work: PromiseLike<unknown>): Promise<HostWatch> {
  // Node.js 23 and later tell it of a thread.
  const { threadCpuUsage = process.cpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  let computed = 0;
  let isOver = false;
  const over = Promise.resolve(work).finally(() => {
    isOver = true;
  });
  let before = threadCpuUsage();
  while (!isOver) {
    await delay(1);
    const now = threadCpuUsage();
    computed = Math.max(computed, (now.user - before.user + now.system - before.system) / 1000);
    before = now;
  }
  delays.disable();
  await over;
  return { delayed: delays.max / 1e6, computed };
}

/**
 * The least that was seen over up to three times of the same work. What the host does itself, it does each time; a busy
 * machine, which lengthens a stretch of computing too, it meets once or twice.
 */
export async function leastBlocked(work: () => PromiseLike<unknown>): Promise<HostWatch> {
  let least = await watchHost(work());
  for (let i = 1; i < 3 && least.computed >= longestBlock; i++) {
    const again = await watchHost(work());
    if (again.computed < least.computed) least = again;
  }
  return least;
}

export function watchText(busy: HostWatch, idle: HostWatch): string {
  const told = (what: keyof HostWatch) => `${busy[what].toFixed(1)} ms, idle ${idle[what].toFixed(1)} ms`;
  return `computed at a stretch: ${told('computed')}; event-loop delay: ${told('delayed')}; load ${loadavg()[0]!.toFixed(1)}`;
}
