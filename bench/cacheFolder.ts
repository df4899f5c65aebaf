import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where peers and made models are kept between runs: $MULTI_LORA_BENCH_CACHE, or a folder of the user's cache. */
export function cacheFolder(...parts: string[]): string {
  const root = process.env.MULTI_LORA_BENCH_CACHE ?? join(homedir(), '.cache', 'multi-lora-workbench', 'bench');
  const folder = join(root, ...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
}
