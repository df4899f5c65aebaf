import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

/**
 * A folder that is removed when the process of the calling file ends. Not with the test: what the test started, an engine
 * for example, may write there until the test's own hooks have ended it.
 */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'multi-lora-test-'));
  folders.push(folder);
  return folder;
}
