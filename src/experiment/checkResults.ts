import { createHash } from 'node:crypto';
import { lstat, open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { originOf } from '../nn/lora/adapterOrigin.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { linkError, readBytes, readJson, storageError } from './files.ts';
import { adapterPaths, type ResultPaths } from './paths.ts';
import { readSafetensorsHeader } from './safetensorsFile.ts';

/**
 * Results of a recipe lie in a folder that it names, where others may have files of the same names. What is not known to
 * be a result is never replaced or removed, and nothing is written through a link.
 */

/** What file managers put into every folder that somebody looks at. */
const ofFileManagers = /^(\.DS_Store|Thumbs\.db|desktop\.ini)$/;

/** The names in a folder that are there for their own sake; undefined where there is no folder. */
export async function entriesOf(folder: string): Promise<{ name: string; isFile: boolean }[] | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(error => {
    if (error.code === 'ENOENT') return undefined;
    throw storageError(error, folder);
  });
  return entries
    ?.filter(({ name }) => !ofFileManagers.test(name))
    .map(entry => ({ name: entry.name, isFile: entry.isFile() }));
}

/** Throws `storage` where a part of the results is a link. */
export async function checkNoLinks(places: readonly string[]): Promise<void> {
  for (const path of places) if ((await kindOf(path)) === 'link') throw linkError(path);
}

/** Throws `storage` where a report could not be written after all has been measured: links, folders, pipes in its place. */
export async function checkReportPlaces(paths: ResultPaths): Promise<void> {
  await checkNoLinks(paths.parts);
  for (const path of [paths.report, paths.reportPage])
    if (!['none', 'file'].includes(await kindOf(path)))
      throw new WorkbenchError(
        'storage',
        `${path} is no file; the report has its name`,
        'Move it elsewhere, or name another folder in the recipe\'s "output".',
      );
}

/**
 * Throws `badRequest` where a training of these experts together would replace what no training wrote, and `storage`
 * where it would be written through a link.
 */
export async function checkTrainingPlaces(paths: ResultPaths, experts: readonly string[]): Promise<void> {
  await checkNoLinks(paths.parts);
  for (const expert of experts) await checkTrainedPlace(paths, expert);
  await checkFile(paths.checkpoint(experts), isCheckpoint, 'a checkpoint');
}

/** Throws `badRequest` where the checkpoint of a fit would replace what is none, and `storage` where there is a link. */
export async function checkFitPlace(paths: ResultPaths, checkpoint: string): Promise<void> {
  await checkNoLinks(paths.parts);
  await checkFile(checkpoint, isCheckpoint, 'a checkpoint');
}

/** As checkTrainingPlaces, for an expert's adapter and what is known of its training. */
export async function checkTrainedPlace(paths: ResultPaths, expert: string): Promise<void> {
  const [folder, record] = [paths.trainedAdapter(expert), paths.trainingRecord(expert)];
  await checkFile(record, async () => (await hashInRecord(record)) !== undefined, 'the record of a training');
  const kind = await kindOf(folder);
  if (kind === 'link') throw linkError(folder);
  if (kind === 'none') return;
  if (kind !== 'folder') throw notOurs(folder, 'is no folder');
  const others = await othersThanAdapter(folder);
  if (others.length > 0) throw notOurs(folder, `holds other files (${shortList(others)})`);
  if ((await entriesOf(folder))!.length > 0 && !(await isOwnAdapter(folder, record)))
    throw notOurs(folder, 'holds an adapter that no training wrote');
}

/** Names of what is in a folder beside the two files of an adapter. */
async function othersThanAdapter(folder: string): Promise<string[]> {
  const own = Object.values(adapterPaths(folder)).map(path => basename(path));
  const entries = (await entriesOf(folder))!;
  return entries.filter(({ name, isFile }) => !isFile || !own.includes(name)).map(({ name }) => name);
}

/** Whether two folders hold the same files, to the bit, and nothing else. */
export async function isSameFolder(one: string, other: string): Promise<boolean> {
  if ((await kindOf(other)) !== 'folder') return false;
  const [entries, others] = [await entriesOf(one), await entriesOf(other)];
  const all = [...(entries ?? []), ...(others ?? [])];
  if (entries?.length !== others?.length || all.some(({ isFile }) => !isFile)) return false;
  for (const { name } of entries!) {
    if (!others!.some(entry => entry.name === name)) return false;
    const [a, b] = [await readBytes(join(one, name), 'the file'), await readBytes(join(other, name), 'the file')];
    if (!a.equals(b)) return false;
  }
  return true;
}

export function shortList(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}

async function checkFile(path: string, isOurs: (path: string) => Promise<boolean>, what: string): Promise<void> {
  const kind = await kindOf(path);
  if (kind === 'link') throw linkError(path);
  if (kind !== 'none' && !(kind === 'file' && (await isOurs(path)))) throw notOurs(path, `is not ${what}`);
}

function notOurs(path: string, what: string): WorkbenchError {
  return new WorkbenchError(
    'badRequest',
    `${path} ${what}; training would replace it`,
    'Move it elsewhere, or name another folder in the recipe\'s "output".',
  );
}

type Kind = 'none' | 'file' | 'folder' | 'link' | 'other';

/** What is at a path, whatever a link leads to. */
export async function kindOf(path: string): Promise<Kind> {
  const info = await lstat(path).catch(error => {
    if (error.code === 'ENOENT') return undefined;
    throw storageError(error, path);
  });
  if (!info) return 'none';
  if (info.isSymbolicLink()) return 'link';
  return info.isFile() ? 'file' : info.isDirectory() ? 'folder' : 'other';
}

/**
 * Whether a folder is an adapter that training wrote: its factors say what they were trained on. Those of earlier versions
 * are known by their hash in the record of their training alone.
 */
export async function isOwnAdapter(folder: string, record?: string): Promise<boolean> {
  const { factors } = adapterPaths(folder);
  if ((await kindOf(folder)) !== 'folder' || (await othersThanAdapter(folder)).length > 0) return false;
  if ((await kindOf(factors)) !== 'file') return false;
  const header = await readSafetensorsHeader(factors).catch(error => {
    if (error instanceof WorkbenchError && error.code === 'badFile') return undefined;
    throw error;
  });
  if (!header) return false;
  if (originOf(header.metadata).baseHash !== undefined) return true;
  const hash = record && (await hashInRecord(record));
  return (
    hash ===
    createHash('sha256')
      .update(await readBytes(factors, 'the factors'))
      .digest('hex')
  );
}

/** The hash of the adapter that a record of a training is of; undefined for what is no such record. */
async function hashInRecord(path: string): Promise<unknown> {
  if ((await kindOf(path)) !== 'file') return undefined;
  const json = await readJson(path, 'the training record').catch(error => {
    if (error instanceof WorkbenchError && error.code === 'badFile') return undefined;
    throw error;
  });
  return (json as { adapterHash?: unknown } | null | undefined)?.adapterHash;
}

/** Whether a file begins as a checkpoint does, after the length of its header; it may be damaged. */
async function isCheckpoint(path: string): Promise<boolean> {
  return (await beginningOf(path, 100)).includes('{"__metadata__":{"fingerprint":');
}

/** The first bytes of a file, as text. */
export async function beginningOf(path: string, bytes: number): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
