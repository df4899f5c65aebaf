import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { WorkbenchError } from '../shared/errors.ts';
import type { Base } from './loadBase.ts';
import { companionFile } from './mergedBase.ts';
import { folderFiles } from './store.ts';

/** Files that this program writes into adapter folders and model folders; such a folder may be replaced. */
const ours = (name: string) =>
  /^adapter_(config\.json|model\.safetensors)$|^model.*\.safetensors(\.index\.json)?$/.test(name) ||
  companionFile(name);

/**
 * Where a user wants a result: a folder that is not there, is empty, or holds a result of the same kind.
 * Throws `badRequest` for the base's own folder, which is never written, and for a folder with other files in it, which
 * replacing it would lose.
 */
export async function checkOutputFolder(out: string, base: Base): Promise<void> {
  const info = await stat(out).catch(() => undefined);
  if (!info) return;
  if (!info.isDirectory())
    throw new WorkbenchError('badRequest', `${out} is a file; the result is a folder`, 'Choose another --out.');
  const isBase = (await realpath(out)) === (await realpath(base.folder));
  if (isBase || resolve(out) === process.cwd())
    throw new WorkbenchError(
      'badRequest',
      `${out} is ${isBase ? "the base's own folder, which is never written" : 'the current folder'}`,
      'Choose a new folder for --out.',
    );
  const others = (await folderFiles(out)).filter(name => !ours(name));
  if (others.length > 0)
    throw new WorkbenchError(
      'badRequest',
      `${out} holds other files (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''})`,
      'Choose a new or empty folder for --out.',
    );
}
