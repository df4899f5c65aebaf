import { dirname } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import { withFreeLock } from './fileLock.ts';
import { makeWritableFolder } from './files.ts';
import type { ResultPaths } from './paths.ts';

/** Holds experts while they are trained. Throws `busy` where another engine trains one of them. */
export async function withExpertLocks<T>(
  paths: ResultPaths,
  experts: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const [expert, ...others] = experts;
  if (expert === undefined) return work();
  const lock = paths.expertLock(expert);
  await makeWritableFolder(dirname(lock));
  return withFreeLock(
    lock,
    pid =>
      new WorkbenchError(
        'busy',
        `expert '${expert}' is being trained by another engine, process ${pid}`,
        'Wait until it is done, or stop it there.',
      ),
    () => withExpertLocks(paths, others, work),
  );
}
