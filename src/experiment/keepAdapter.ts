import { isOwnAdapter, isSameFolder, kindOf } from './checkResults.ts';
import { copyFilesAtomic, linkError } from './files.ts';
import { adapterPaths, type ResultPaths } from './paths.ts';

/**
 * Copies an expert's adapter, before another takes its place, to where the one before is kept; returns that folder, or
 * undefined where there is no adapter. The ones before that are kept too, with a number each; what others put there is
 * left alone.
 */
export async function keepAdapter(paths: ResultPaths, expert: string): Promise<string | undefined> {
  const current = paths.trainedAdapter(expert);
  const last = paths.previousAdapter(expert);
  if ((await kindOf(adapterPaths(current).config)) === 'none') return undefined;
  const kind = await kindOf(last);
  if (kind === 'link') throw linkError(last);
  if (kind !== 'none') {
    if (await isSameFolder(current, last)) return last;
    if (!(await isOwnAdapter(last))) return keepNumbered(paths, expert, current);
    await keepNumbered(paths, expert, last);
  }
  await copyAdapter(current, last);
  return last;
}

/** Copies an adapter to the first number that is free; one that is there already is not copied again. */
async function keepNumbered(paths: ResultPaths, expert: string, folder: string): Promise<string> {
  for (let number = 1; ; number++) {
    const to = paths.previousAdapter(expert, number);
    if ((await kindOf(to)) === 'none') {
      await copyAdapter(folder, to);
      return to;
    }
    if (await isSameFolder(folder, to)) return to;
  }
}

function copyAdapter(from: string, to: string): Promise<void> {
  return copyFilesAtomic(Object.values(adapterPaths(from)), to, 'the adapter');
}
