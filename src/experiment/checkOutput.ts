import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ggufMark } from '../nn/lora/adapterToGguf.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type Base, isCompanionFile } from './base.ts';
import { beginningOf, entriesOf, kindOf, shortList } from './checkResults.ts';
import { linkError } from './files.ts';
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
 * downloaded model would be lost; `storage` for a link.
 */
export async function checkOutputFolder(
  out: string,
  kind: ResultKind,
  base: Pick<Base, 'folder'>,
  adapterFolders: string[],
): Promise<void> {
  const at = await kindOf(out);
  if (at === 'none') return;
  const info = await stat(out).catch(() => undefined);
  if (!info) throw linkError(out);
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
  if (at === 'link') throw linkError(out);
  const entries = (await entriesOf(out))!;
  const others = entries.filter(({ name, isFile }) => !isFile || !ours[kind](name)).map(({ name }) => name);
  if (others.length > 0)
    throw new WorkbenchError(
      'badRequest',
      `${out} holds other files (${shortList(others)})`,
      'Choose a new or empty folder for --out.',
    );
  const weights = entries.filter(({ name }) => name.endsWith('.safetensors')).map(({ name }) => join(out, name));
  const isOwn = weights.length > 0 && (await Promise.all(weights.map(isResult))).every(Boolean);
  if (entries.length > 0 && !isOwn)
    throw new WorkbenchError(
      'badRequest',
      `${out} holds ${kind === 'adapter' ? 'an adapter' : 'a model'} that no merge or export wrote`,
      'Choose a new folder for --out; it would be lost.',
    );
}

/** The first line of a Modelfile of an exported model. */
export const modelfileMark = '# Of a model that Multi-LoRA Workbench exported';

/** How a file begins that a command wrote and can write again. */
const beginnings = {
  gguf: new RegExp(`^GGUF.{20}.{8}${ggufMark.replace('.', '\\.')}`, 's'),
  modelfile: new RegExp(`^${modelfileMark}\\n`),
  safetensors: new RegExp(`^.{8}\\{"__metadata__":\\{[^{}]*"multi-lora":"${resultMark['multi-lora']}"`, 's'),
} as const;

/**
 * Where a user wants a file: a path at which there is none, an empty one, or one that the same command wrote. Throws
 * `badRequest` for any other, and `storage` for a link.
 */
export async function checkOutputFile(path: string, kind: keyof typeof beginnings): Promise<void> {
  const at = await kindOf(path);
  if (at === 'none') return;
  if (at === 'link') throw linkError(path);
  if (at === 'folder') throw new WorkbenchError('storage', `${path}: it is a folder, not a file`, 'Name a file.');
  const beginning = at === 'file' ? await beginningOf(path, 4096) : undefined;
  if (beginning === '' || (beginning !== undefined && beginnings[kind].test(beginning))) return;
  throw new WorkbenchError(
    'badRequest',
    `${path} is there, and not what this command writes; it would be lost`,
    'Choose another path, or delete it first.',
  );
}

async function isResult(path: string): Promise<boolean> {
  const header = await readSafetensorsHeader(path).catch(error => {
    if (error instanceof WorkbenchError && error.code === 'badFile') return undefined;
    throw error;
  });
  return header?.metadata['multi-lora'] === resultMark['multi-lora'];
}
