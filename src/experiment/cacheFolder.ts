import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where things are kept that can be found out anew, by the conventions of the system; or in $MULTI_LORA_CACHE. */
export function defaultCacheFolder(
  env: Record<string, string | undefined> = process.env,
  platform: string = process.platform,
): string {
  if (env.MULTI_LORA_CACHE) return env.MULTI_LORA_CACHE;
  if (platform === 'win32')
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'multi-lora-workbench', 'cache');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'multi-lora-workbench');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'multi-lora-workbench');
}
