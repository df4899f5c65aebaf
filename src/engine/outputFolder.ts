import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { WorkbenchError } from '../shared/errors.ts';
import type { Base } from './loadBase.ts';
import { companionFile } from './mergedBase.ts';
import { folderFiles } from './store.ts';

/** What a result is: an adapter folder, or a full model's. */
type ResultKind = 'adapter' | 'model';

/** Files that this program writes into a result of each kind; such a folder may be replaced by another of its kind. */
const ours: Record<ResultKind, (name: string) => boolean> = {
  adapter: name => /^adapter_(config\.json|model\.safetensors)$/.test(name),
  model: name => /^model.*\.safetensors(\.index\.json)?$/.test(name) || companionFile(name),
};

/**
 * Where a user wants a result: a folder that is not there, is empty, or holds a result of the same kind.
 * Throws `badRequest` for the base's own folder, which is never written, for the folder of an adapter that the result is
 * made of, and for a folder with other files in it: replacing it would lose them.
 */
export async function checkOutputFolder(
  out: string,
  kind: ResultKind,
  base: Pick<Base, 'folder'>,
  adapterFolders: string[],
): Promise<void> {
  const info = await stat(out).catch(() => undefined);
  if (!info) return;
  if (!info.isDirectory())
    throw new WorkbenchError('badRequest', `${out} is a file; the result is a folder`, 'Choose another --out.');
  const place = await realpath(out);
  for (const folder of adapterFolders)
    if ((await realpath(folder).catch(() => undefined)) === place)
      throw new WorkbenchError(
        'badRequest',
        `${out} is the folder of an adapter that goes into the result`,
        'Choose a new folder for --out; the adapter would be lost.',
      );
  const isBase = place === (await realpath(base.folder));
  if (isBase || resolve(out) === process.cwd())
    throw new WorkbenchError(
      'badRequest',
      `${out} is ${isBase ? "the base's own folder, which is never written" : 'the current folder'}`,
      'Choose a new folder for --out.',
    );
  const others = (await folderFiles(out)).filter(name => !ours[kind](name));
  if (others.length > 0)
    throw new WorkbenchError(
      'badRequest',
      `${out} holds other files (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''})`,
      'Choose a new or empty folder for --out.',
    );
}
