import { join } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import { withFreeLock } from './fileLock.ts';
import { makeWritableFolder } from './files.ts';

/** Holds experts while they are trained. Throws `busy` where another engine trains one of them. */
export async function withExpertLocks<T>(runFolder: string, experts: string[], work: () => Promise<T>): Promise<T> {
  const [expert, ...others] = experts;
  if (expert === undefined) return work();
  const folder = join(runFolder, 'training');
  await makeWritableFolder(folder);
  return withFreeLock(
    join(folder, `${expert}.lock`),
    pid =>
      new WorkbenchError(
        'busy',
        `expert '${expert}' is being trained by another engine, process ${pid}`,
        'Wait until it is done, or stop it there.',
      ),
    () => withExpertLocks(runFolder, others, work),
  );
}
