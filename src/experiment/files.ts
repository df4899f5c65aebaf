import {
  access,
  constants,
  copyFile,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import { visibleName } from '../protocol/visibleText.ts';
import { settle, temporaryNames } from './removeStaleFiles.ts';

/** What the file system says, in a user's words. Other errors pass through unchanged. */
export function storageError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const known: Record<string, [message: string, hint: string]> = {
    ENOSPC: ['the disk is full', 'Free some space and run the command again; what was there before is intact.'],
    EDQUOT: [
      'the disk quota is used up',
      'Free some space and run the command again; what was there before is intact.',
    ],
    EROFS: ['the file system is read-only', 'Choose another output folder.'],
    EACCES: ['permission denied', 'Choose a folder you may write to.'],
    EPERM: ['operation not permitted', 'Choose a folder you may write to.'],
    ENOTDIR: ['a part of the path is a file, not a folder', 'Choose another output folder.'],
    // What mkdir says where the last part of the path is a file.
    EEXIST: ['a part of the path is a file, not a folder', 'Choose another output folder.'],
    EISDIR: ['it is a folder, not a file', 'Name a file.'],
    ENAMETOOLONG: ['the path is too long', 'Use a shorter name.'],
    ELOOP: ['its links lead in a circle', 'Name a file or folder that is no link.'],
    // What Node.js says of a path with a NUL.
    ERR_INVALID_ARG_VALUE: ['no path holds this character', 'Take the NUL out of the name.'],
  };
  const text = code && known[code];
  return text ? new WorkbenchError('storage', `${shownPath(path)}: ${text[0]}`, text[1]) : error;
}

/** A path as an error shows it. */
function shownPath(path: string): string {
  const whole = path.replaceAll('\0', '\\0');
  return whole.length > 1000 ? `${whole.slice(0, 300)}…${whole.slice(-100)}` : whole;
}

/** What goes into a file. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array>;

/** A file of a folder that is a copy of another, of any size. */
export interface FileCopy {
  copyOf: string;
}

/** Writes a file piece by piece, at any place; it may read what it wrote. */
export type FileWriter = (file: FileHandle) => Promise<void>;

/**
 * Writes a file whole or not at all: to a temporary neighbour first, flushed to disk, then renamed over the old one. What
 * a killed process left of an earlier try is put away. Throws `storage` when the disk is full or the folder is not writable; the old file is then intact.
 */
export async function writeFileAtomic(path: string, data: FileContent | FileWriter): Promise<void> {
  await settle(path);
  await writeWhole(path, data).catch(error => {
    throw storageError(error, path);
  });
}

/** Writes bytes to a place of a file, all of them. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

/** As writeFileAtomic, with the file system's own errors. */
async function writeWhole(path: string, data: FileContent | FileWriter): Promise<void> {
  const { temporary } = temporaryNames(path);
  let file: FileHandle | undefined;
  try {
    await makeFolder(dirname(path));
    file = await open(temporary, 'w+');
    if (typeof data === 'function') await data(file);
    else
      for (const chunk of typeof data === 'string' || data instanceof Uint8Array ? [data] : data)
        await file.writeFile(chunk);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await file?.close();
    await rm(temporary, { force: true }).catch(() => {
      // The folder is not writable: there is nothing of ours in it either.
    });
    throw error;
  }
}

/** Makes a folder and those above it. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(async error => {
    if (error.code !== 'ENOENT') throw error;
    // Where the file system is read-only Node.js says so only of a folder whose parent is there.
    let missing = path;
    while (dirname(missing) !== missing && !(await isThere(dirname(missing)))) missing = dirname(missing);
    await mkdir(missing);
    await mkdir(path, { recursive: true });
  });
}

/** Whether there is a file or a folder that can be reached. */
export function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Makes a folder and checks that files can be written there. Throws `storage`. */
export async function makeWritableFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
    await access(path, constants.W_OK);
  } catch (error) {
    throw storageError(error, path);
  }
}

/** A rename is on disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
}

/**
 * Writes several files as one folder: they appear together by a rename, replacing an older folder of that name. Names
 * with a slash are of folders within it.
 * A content given as a function is made when its turn has come, so that not all are in memory at once. `check` is called
 * just before the older folder makes way, and throws where it must not. Throws `storage` as writeFileAtomic does.
 */
export async function writeFolderAtomic(
  folder: string,
  files: Map<string, FileContent | FileCopy | (() => Promise<FileContent>)>,
  check?: () => Promise<void>,
): Promise<void> {
  const { temporary, old } = temporaryNames(folder);
  try {
    await settle(folder);
    await makeFolder(temporary);
    for (const [name, data] of files) {
      const path = join(temporary, name);
      if (isCopy(data)) await copyInto(path, data.copyOf);
      else await writeWhole(path, typeof data === 'function' ? await data() : data);
    }
    await check?.();
    const replaced = await moveAway(folder, old);
    await rename(temporary, folder).catch(async error => {
      if (replaced) await rename(old, folder);
      throw error;
    });
    if (replaced) await rm(old, { recursive: true });
    await syncFolder(dirname(folder));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {
      // See writeFileAtomic.
    });
    throw storageError(error, folder);
  }
}

function isCopy(data: FileContent | FileCopy | (() => Promise<FileContent>)): data is FileCopy {
  return typeof data === 'object' && 'copyOf' in data;
}

/** Copies a file, by the file system itself where it can. */
async function copyInto(path: string, original: string): Promise<void> {
  await makeFolder(dirname(path));
  await copyFile(original, path, constants.COPYFILE_FICLONE);
}

/** Copies files into a folder as writeFolderAtomic writes it. Throws `notFound`, with `what` they are, and `storage`. */
export function copyFilesAtomic(paths: string[], folder: string, what: string): Promise<void> {
  return writeFolderAtomic(folder, new Map(paths.map(path => [basename(path), () => readBytes(path, what)])));
}

/** Renames a folder, and says whether there was one. A file or a link of that name is left alone and refused. */
async function moveAway(folder: string, to: string): Promise<boolean> {
  const info = await lstat(folder).catch(error => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!info) return false;
  if (info.isSymbolicLink()) throw linkError(folder);
  if (!info.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  await rename(folder, to);
  return true;
}

/** A link may lead to anybody's files: what is written does not go through it, and it is not replaced. */
export function linkError(path: string): WorkbenchError {
  return new WorkbenchError(
    'storage',
    `${path} is a link, which results are neither written through nor put in the place of`,
    'Remove the link, or name a folder that it is not in.',
  );
}

/** In bytes: what is read at most of a file of each kind, and of one of another kind. */
export const largest = {
  configuration: 10e6,
  weightIndex: 64e6,
  template: 1e6,
  tokenizer: 200e6,
  json: 100e6,
  /** A text is one string, which V8 holds up to 2²⁹ characters of. */
  text: 500e6,
  bytes: 2 ** 31 - 1,
} as const;

/**
 * Opens a file to be read. Throws `notFound` with what it was wanted for, `badFile` where the path leads to something
 * that has no end or no size (a pipe, a device), and `storage`.
 */
export async function openFile(path: string, what: string): Promise<{ handle: FileHandle; size: number }> {
  // A pipe nobody writes to would be waited for without the flag.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(error => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw new WorkbenchError('notFound', `${what} is not there: ${path}`);
    if (error.code === 'EACCES' || error.code === 'EPERM')
      throw new WorkbenchError('storage', `${path}: permission denied`, 'Allow your user to read it.');
    if (error.code === 'ENXIO') throw notRegular(path, what, 'a socket or a pipe');
    throw storageError(error, path);
  });
  try {
    const info = await handle.stat();
    if (info.isDirectory()) throw storageError({ code: 'EISDIR' }, path);
    if (!info.isFile()) throw notRegular(path, what, info.isFIFO() ? 'a pipe' : 'a device');
    return { handle, size: info.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function notRegular(path: string, what: string, kind: string): WorkbenchError {
  return new WorkbenchError('badFile', `${path}: this is ${kind}; ${what} should be a file`);
}

/** Reads a text file. Throws as readBytes does, and `badFile` where Git has left a pointer in its place. */
export async function readText(path: string, what: string, limit: number = largest.text): Promise<string> {
  const text = (await readBytes(path, what, limit)).toString('utf8');
  if (text.startsWith('version https://git-lfs'))
    throw new WorkbenchError(
      'badFile',
      `${path}: this is a Git LFS pointer, not ${what} itself`,
      'Run git lfs pull in its folder, or download the file again.',
    );
  return text;
}

/**
 * Reads a file. Throws `notFound` with what it was wanted for, `badFile` where it is no regular file or has more bytes
 * than the limit, and `storage`.
 */
export async function readBytes(path: string, what: string, limit: number = largest.bytes): Promise<Buffer> {
  const { handle, size } = await openFile(path, what);
  try {
    if (size > limit)
      throw new WorkbenchError(
        'badFile',
        `${path}: it has ${size} bytes; of ${what} at most ${limit} are read`,
        'Is it the right file?',
      );
    return await handle.readFile().catch(error => {
      throw storageError(error, path);
    });
  } finally {
    await handle.close();
  }
}

/** Reads JSON from a file. Throws as readBytes does, and `badFile` with the parser's words. */
export async function readJson(path: string, what: string, limit: number = largest.json): Promise<unknown> {
  return parseJson(await readText(path, what, limit), path);
}

/** The value of a file's text. Throws `badFile` with the parser's words; `path` is the file as they name it. */
export function parseJson(text: string, path: string): unknown {
  try {
    // Editors of Windows write a byte order mark, which no JSON has.
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch (error) {
    const hint =
      text.includes('\uFFFD') || text.includes('\0') ? 'Save it as UTF-8.' : 'Copy the file again, or correct it.';
    throw new WorkbenchError('badFile', `${path}: not JSON (${visibleName((error as Error).message)})`, hint);
  }
}

/** As readJson for an object; undefined where there is no file. */
export async function readJsonIfThere(
  path: string,
  limit: number = largest.configuration,
): Promise<Record<string, unknown> | undefined> {
  const json = await ifThere(path, readJson(path, 'a configuration file', limit));
  if (json === undefined || (typeof json === 'object' && json !== null && !Array.isArray(json)))
    return json as Record<string, unknown> | undefined;
  throw new WorkbenchError('badFile', `${path}: expected a JSON object`, 'Copy the file again.');
}

/** What is read of a path, or undefined where there is nothing; a link that leads nowhere is something. */
export async function ifThere<T>(path: string, reading: Promise<T>): Promise<T | undefined> {
  return reading.catch(async error => {
    const isMissing = error instanceof WorkbenchError && error.code === 'notFound';
    if (isMissing && !(await lstat(path).catch(() => undefined))) return undefined;
    throw error;
  });
}

/** Names of the files of a folder. Throws `notFound`. */
export async function folderFiles(folder: string): Promise<string[]> {
  return readdir(folder).catch(error => {
    if (error.code === 'ENOENT') throw new WorkbenchError('notFound', `the folder is not there: ${folder}`);
    throw storageError(error, folder);
  });
}

/** Bytes of a file, or of the files of a folder. */
export async function sizeOf(path: string): Promise<number> {
  const info = await stat(path);
  if (!info.isDirectory()) return info.size;
  const sizes = await Promise.all((await folderFiles(path)).map(name => sizeOrNothing(join(path, name))));
  return sizes.reduce((a, b) => a + b, 0);
}

/** A link may lead nowhere. */
function sizeOrNothing(path: string): Promise<number> {
  return stat(path).then(
    info => info.size,
    () => 0,
  );
}
