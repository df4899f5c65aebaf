import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { storageError } from '../../experiment/files.ts';
import { isHeld, withFileLock } from '../../experiment/locks.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';
import type { HubFile } from './baseFiles.ts';
import { connectionError, finalError, isFinal } from './hubErrors.ts';
import type { HubLimits } from './hubLimits.ts';

export interface BlobRequest {
  fetch: typeof fetch;
  url: string;
  file: HubFile;
  /** Where the whole file goes, under its hash. */
  blobPath: string;
  signal: AbortSignal;
  /** Called with the bytes of the file that are on disk. */
  onBytes(bytes: number): void;
  /** Milliseconds to wait before each further try after a lost connection; one that brought enough starts anew. */
  retryWaits: readonly number[];
  limits: HubLimits;
}

/** The bytes of a file that have arrived so far lie beside where the whole file will be. */
export function partialPath(blobPath: string): string {
  return `${blobPath}.multi-lora.partial`;
}

/**
 * Brings a file into the cache: goes on from what an earlier try left, checks the hash, and only then gives it its name.
 * Returns the bytes that came over the network. Throws `network` for a lost connection or a wrong hash, `storage` when
 * the disk refuses; what has arrived is kept, save where the hash is wrong.
 */
export async function fetchBlob(request: BlobRequest): Promise<number> {
  const { blobPath, file, signal, onBytes } = request;
  const partial = partialPath(blobPath);
  const isThere = async () => (await sizeOf(blobPath)) === file.size;
  try {
    await mkdir(dirname(blobPath), { recursive: true });
    return await withFileLock(`${partial}.lock`, signal, async () => {
      let fetched = 0;
      if (!(await isThere())) {
        fetched = await fetchChecked(request, partial);
        await rename(partial, blobPath);
      }
      onBytes(file.size);
      return fetched;
    });
  } catch (error) {
    throw storageError(error, blobPath);
  }
}

/** Bytes a download still needs on the disk. */
export async function missingBytes(blobPath: string, file: HubFile): Promise<number> {
  if ((await sizeOf(blobPath)) === file.size) return 0;
  return file.size - Math.min(file.size, (await sizeOf(partialPath(blobPath))) ?? 0);
}

/**
 * Removes what earlier downloads of a model left that no later one would go on with: files of another commit, locks of
 * processes that ended. What another process downloads now stays, and so does what other programs keep there.
 */
export async function removePartials(blobs: string, signal: AbortSignal): Promise<void> {
  for (const name of await readdir(blobs)) {
    const hash = /^([0-9a-f]{40}|[0-9a-f]{64})\.multi-lora\.partial(\.lock)?$/.exec(name)?.[1];
    if (hash === undefined) continue;
    const partial = partialPath(join(blobs, hash));
    const lock = `${partial}.lock`;
    if (!(await isHeld(lock))) await withFileLock(lock, signal, () => rm(partial, { force: true }));
  }
}

async function fetchChecked(request: BlobRequest, partial: string): Promise<number> {
  const { file } = request;
  let fetched = 0;
  for (;;) {
    const target = await openPartial(partial, file);
    const resumed = target.size > 0;
    try {
      fetched += await fetchRest(request, target);
      await target.handle.sync();
    } finally {
      await target.handle.close();
    }
    const actual = target.hash.digest('hex');
    if (actual === file.hash) return fetched;
    await rm(partial);
    // What an earlier try left may have been damaged: then once more from the beginning.
    if (!resumed) throw wrongHash(request, actual);
  }
}

interface Partial {
  handle: FileHandle;
  size: number;
  hash: Hash;
  /** What was there has been given up once, because the server did not go on from it. */
  isBegunAnew: boolean;
}

/** What is there already, with its hash so far. */
async function openPartial(path: string, file: HubFile): Promise<Partial> {
  const info = await lstatOf(path);
  // Behind a link, or in a pipe, lies nothing of an earlier try.
  if (info && (!info.isFile() || info.size > file.size)) await unlink(path);
  const hash = newHash(file);
  // With 'a' a handle cannot be cut; 'r+' needs the file to be there.
  await (await open(path, 'a')).close();
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { handle: await open(path, 'r+'), size, hash, isBegunAnew: false };
}

/** The hash that names a file: SHA-256, or git's SHA-1 of a blob, which begins with its size. */
function newHash({ hash, size }: HubFile): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

/**
 * Fetches until the file is whole, going on after lost connections. The tries are counted anew only when something
 * worthwhile came: a server could end the connection after every byte.
 */
async function fetchRest(request: BlobRequest, target: Partial): Promise<number> {
  const { file, signal, retryWaits, limits, onBytes } = request;
  let [fetched, tries, counted] = [0, 0, target.size];
  onBytes(target.size);
  while (target.size < file.size) {
    const loss = await fetchOnce(request, target, bytes => {
      fetched += bytes;
    });
    if (!loss) continue;
    signal.throwIfAborted();
    if (target.size >= counted + limits.worthwhile) [tries, counted] = [0, target.size];
    const wait = retryWaits[tries++];
    if (wait === undefined) throw loss;
    await delay(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  return fetched;
}

/**
 * Fetches what is missing with one request. Returns why the connection was lost, after which another may bring the rest;
 * throws what no other request would mend.
 */
async function fetchOnce(
  request: BlobRequest,
  target: Partial,
  onFetched: (bytes: number) => void,
): Promise<WorkbenchError | undefined> {
  const { file, url, signal, limits, onBytes } = request;
  try {
    const response = await request.fetch(url, {
      headers: { 'accept-encoding': 'identity', ...(target.size > 0 ? { range: `bytes=${target.size}-` } : {}) },
    });
    if (!goesOnAt(response, target.size, file.size)) {
      const isWhole = response.status === 200;
      if (!isWhole) await response.body?.cancel();
      if (target.isBegunAnew || target.size === 0) throw otherPart(request, response);
      await beginAnew(target, file);
      // A whole file instead of the rest is as good; for anything else the next request asks from the beginning.
      if (!isWhole) return undefined;
    }
    checkLength(request, response, file.size - target.size);
    let [since, came] = [performance.now(), 0];
    for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
      onFetched(chunk.length);
      if (target.size + chunk.length > file.size) throw otherSize(request, `more than ${file.size}`);
      await target.handle.write(chunk, 0, chunk.length, target.size);
      target.hash.update(chunk);
      target.size += chunk.length;
      onBytes(target.size);
      // More than was announced is not waited for.
      if (target.size === file.size) return undefined;
      came += chunk.length;
      if (performance.now() - since < limits.slowTime) continue;
      if (came < limits.slowBytes) return lost(request, `${came} bytes came in ${limits.slowTime / 1000} s`);
      [since, came] = [performance.now(), 0];
    }
  } catch (error) {
    signal.throwIfAborted();
    const reason = connectionError(error, url);
    if (reason instanceof WorkbenchError && reason.code === 'network' && !isFinal(reason)) return reason;
    throw reason;
  }
  return lost(request, `${target.size} of ${file.size} bytes came`);
}

async function beginAnew(target: Partial, file: HubFile): Promise<void> {
  await target.handle.truncate(0);
  target.size = 0;
  target.hash = newHash(file);
  target.isBegunAnew = true;
}

/** Whether an answer begins where the file on disk ends, and is of the file that was listed. */
function goesOnAt(response: Response, size: number, whole: number): boolean {
  if (response.status !== 206) return size === 0 && response.status === 200;
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  return Number(from) === size && (total === '*' || Number(total) === whole);
}

/** Throws where an answer announces another number of bytes than is missing; one that is packed announces none. */
function checkLength(request: BlobRequest, { status, headers }: Response, missing: number): void {
  const given = headers.get('content-length');
  if (given === null || headers.has('content-encoding')) return;
  const bytes = Number(given);
  // A server may give a shorter part than was asked for.
  if (bytes > missing || (status === 200 && bytes < missing)) throw otherSize(request, String(bytes));
}

/** Bytes of a regular file; undefined where there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  const info = await stat(path).catch(unlessMissing);
  return info?.isFile() ? info.size : undefined;
}

function lstatOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(unlessMissing);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function lost({ url, file }: BlobRequest, what: string): WorkbenchError {
  return new WorkbenchError(
    'network',
    `${new URL(url).host} ended ${file.path} early (${what})`,
    'What has arrived is kept: run it again to go on.',
  );
}

/** The size is part of what the hub has listed: nothing that follows can make it right. */
function otherSize({ url, file }: BlobRequest, bytes: string): WorkbenchError {
  return finalError(
    new WorkbenchError(
      'network',
      `${new URL(url).host} sends a ${file.path} of ${bytes} bytes, not ${file.size} as announced`,
      'Run it again; where it happens each time, the server or a proxy alters files: try another endpoint.',
    ),
  );
}

function otherPart({ url, file }: BlobRequest, { status, headers }: Response): WorkbenchError {
  const range = headers.get('content-range');
  return finalError(
    new WorkbenchError(
      'network',
      `${new URL(url).host} does not send the part of ${file.path} that is asked for (status ${status}${range === null ? '' : `, '${visibleName(range)}'`})`,
      'Run it again; where it happens each time, try another endpoint.',
    ),
  );
}

function wrongHash({ url, file }: BlobRequest, actual: string): WorkbenchError {
  return new WorkbenchError(
    'network',
    `${new URL(url).host} sent a ${file.path} whose hash is ${actual}, not ${file.hash} as announced; it was thrown away`,
    'Run it again; where it happens each time, the server or a proxy alters files: try another endpoint.',
  );
}
