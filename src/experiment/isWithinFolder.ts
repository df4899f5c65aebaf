import { lstatSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

/**
 * Whether a path lies within a folder, or is it, with no link on the way: a link may lead anywhere, and where it leads is
 * found out only by going there. Nothing outside of the folder is looked up.
 */
export function isWithinFolder(path: string, folder: string): boolean {
  const way = relative(folder, resolve(folder, path));
  // On Windows the way to another drive or share is a whole path.
  if (way === '') return true;
  const parts = way.split(sep);
  if (parts[0] === '..' || resolve(folder, way) !== join(folder, way)) return false;
  let at = folder;
  for (const part of parts) {
    at = join(at, part);
    const info = lstatSync(at, { throwIfNoEntry: false });
    // What is not there leads nowhere.
    if (!info) return true;
    if (info.isSymbolicLink()) return false;
  }
  return true;
}
