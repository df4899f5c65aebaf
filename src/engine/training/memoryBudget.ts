import { freemem } from 'node:os';
import type { Device } from '../../protocol/device.ts';

/** How many bytes this process may take, and where the number comes from. */
export interface MemoryBudget {
  bytes: number;
  /** It is the user's limit; otherwise it is what the machine has free now. */
  isLimit: boolean;
}

/** Nobody knows the size of a GPU's memory: there the budget is infinite unless the user sets a limit. */
export function memoryBudget(limit: number | undefined, device: Device): MemoryBudget {
  if (limit !== undefined) return { bytes: limit, isLimit: true };
  if (device !== 'cpu') return { bytes: Number.POSITIVE_INFINITY, isLimit: false };
  // Node.js has `availableMemory`, which respects the limits of containers, from 20.13 on.
  const free = process.availableMemory?.() ?? freemem();
  return { bytes: free + process.memoryUsage.rss(), isLimit: false };
}
