import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Base, isCompanionFile } from './base.ts';
import { folderFiles } from './files.ts';
import { readSafetensorsHeader } from './safetensorsFile.ts';

/** What a result is: an adapter folder, or a full model's. */
type ResultKind = 'adapter' | 'model';

/** In the metadata of a result's weights: what carries it was made by a merge or an export, and can be made again. */
export const resultMark = { 'multi-lora': 'result' };

/** Files of a result of each kind. */
const ours: Record<ResultKind, (name: string) => boolean> = {
  adapter: name => /^adapter_(config\.json|model\.safetensors)$/.test(name),
  model: name => /^model.*\.safetensors(\.index\.json)?$/.test(name) || isCompanionFile(name),
};

/**
 * Where a user wants a result: a folder that is not there, is empty, or holds an earlier result of the same kind.
 * Throws `badRequest` for the base's own folder, which is never written, for the folder of an adapter that the result is
 * made of, for a folder with other files in it, and for weights that no merge or export wrote: a trained adapter or a
 * downloaded model would be lost.
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
  const files = await folderFiles(out);
  const others = files.filter(name => !ours[kind](name));
  if (others.length > 0)
    throw new WorkbenchError(
      'badRequest',
      `${out} holds other files (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''})`,
      'Choose a new or empty folder for --out.',
    );
  for (const name of files.filter(file => file.endsWith('.safetensors')))
    if (!(await isResult(join(out, name))))
      throw new WorkbenchError(
        'badRequest',
        `${out} holds ${kind === 'adapter' ? 'an adapter' : 'a model'} that no merge or export wrote`,
        'Choose a new folder for --out; it would be lost.',
      );
}

async function isResult(path: string): Promise<boolean> {
  const header = await readSafetensorsHeader(path).catch(error => {
    if (error instanceof WorkbenchError && error.code === 'badFile') return undefined;
    throw error;
  });
  return header?.metadata['multi-lora'] === resultMark['multi-lora'];
}
