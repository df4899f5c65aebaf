import type { Device } from '../device.ts';
import type { Quantization } from '../quantization.ts';
import type { Tracked } from './tracked.ts';

export type LoadedRequest = Record<string, never>;
/**
 * What the engine keeps in memory between requests: one compiled base, and the factors of the experts and merges that
 * were needed since. What is needed and not there is loaded by the request that needs it.
 */
export interface Loaded {
  /** Undefined until a request needs one. */
  base?: { folder: string; quantization: Quantization | 'none'; device: Device };
  adapters: { name: string; folder: string }[];
  /** Memory of the factors. */
  bytes: number;
}

/** Makes the first answer of these experts a fast one. */
export interface LoadRequest extends Tracked {
  recipe: string;
  experts: string[];
}

/** Frees the memory of these experts' factors; nothing is started for it. */
export interface UnloadRequest {
  recipe: string;
  experts: string[];
}
