import { freemem } from 'node:os';
import type { Device } from '../../protocol/device.ts';

/** How large this process may become, in bytes, and who says so. */
export interface MemoryBudget {
  bytes: number;
  /** The user's limit; else what the machine has free now. */
  isLimit: boolean;
}

/** Without a limit, what a GPU has is not known: nothing is held back there. */
export function memoryBudget(limit: number | undefined, device: Device): MemoryBudget {
  if (limit !== undefined) return { bytes: limit, isLimit: true };
  if (device !== 'cpu') return { bytes: Number.POSITIVE_INFINITY, isLimit: false };
  // Node.js 20 has it from 20.13 on; it knows the limits of containers.
  const free = process.availableMemory?.() ?? freemem();
  return { bytes: free + process.memoryUsage.rss(), isLimit: false };
}
