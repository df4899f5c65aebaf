import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { storageError } from '../../experiment/files.ts';
import { withFileLock } from '../../experiment/locks.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { HubFile } from './baseFiles.ts';
import { connectionError } from './hubErrors.ts';

export interface BlobRequest {
  fetch: typeof fetch;
  url: string;
  file: HubFile;
  /** Where the whole file goes, under its hash. */
  blobPath: string;
  signal: AbortSignal;
  /** Called with the bytes of the file that are on disk. */
  onBytes(bytes: number): void;
  /** Milliseconds to wait before each further try after a lost connection; one that brought something starts anew. */
  retryWaits: readonly number[];
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
}

/** What is there already, with its hash so far. */
async function openPartial(path: string, file: HubFile): Promise<Partial> {
  if (((await sizeOf(path)) ?? 0) > file.size) await rm(path);
  const hash = newHash(file);
  // With 'a' a handle cannot be cut; 'r+' needs the file to be there.
  await (await open(path, 'a')).close();
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { handle: await open(path, 'r+'), size, hash };
}

/** The hash that names a file: SHA-256, or git's SHA-1 of a blob, which begins with its size. */
function newHash({ hash, size }: HubFile): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

/** Fetches until the file is whole, going on after lost connections. */
async function fetchRest(request: BlobRequest, target: Partial): Promise<number> {
  const { file, signal, retryWaits, onBytes } = request;
  let [fetched, tries] = [0, 0];
  onBytes(target.size);
  while (target.size < file.size) {
    const before = target.size;
    try {
      await fetchOnce(request, target, bytes => {
        fetched += bytes;
      });
    } catch (error) {
      signal.throwIfAborted();
      const isLost = error instanceof WorkbenchError && error.code === 'network';
      if (target.size > before) tries = 0;
      const wait = isLost ? retryWaits[tries++] : undefined;
      if (wait === undefined) throw error;
      await delay(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
  return fetched;
}

async function fetchOnce(request: BlobRequest, target: Partial, onFetched: (bytes: number) => void): Promise<void> {
  const { file, url, signal, onBytes } = request;
  const response = await request.fetch(url, {
    headers: { 'accept-encoding': 'identity', ...(target.size > 0 ? { range: `bytes=${target.size}-` } : {}) },
  });
  if (!goesOnAt(response, target.size)) {
    const hadBytes = target.size > 0;
    await target.handle.truncate(0);
    target.size = 0;
    target.hash = newHash(file);
    // A whole file instead of the rest is as good; for anything else the next request asks from the beginning.
    if (response.status !== 200) {
      await response.body?.cancel();
      if (!hadBytes) throw lost(request, `status ${response.status}`);
      return;
    }
  }
  if (!response.body) throw lost(request, 'an empty answer');
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      onFetched(chunk.length);
      if (target.size + chunk.length > file.size) {
        // Nothing that follows can make it right: the hash will say so.
        target.hash.update(chunk);
        target.size = file.size;
        return;
      }
      await target.handle.write(chunk, 0, chunk.length, target.size);
      target.hash.update(chunk);
      target.size += chunk.length;
      onBytes(target.size);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw connectionError(error, url);
  }
  if (target.size < file.size) throw lost(request, `${target.size} of ${file.size} bytes came`);
}

/** Whether an answer begins where the file on disk ends. */
function goesOnAt(response: Response, size: number): boolean {
  if (response.status === 206)
    return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]) === size;
  return size === 0 && response.status === 200;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    info => info.size,
    error => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
}

function lost({ url, file }: BlobRequest, what: string): WorkbenchError {
  return new WorkbenchError(
    'network',
    `${new URL(url).host} ended ${file.path} early (${what})`,
    'What has arrived is kept: run it again to go on.',
  );
}

function wrongHash({ url, file }: BlobRequest, actual: string): WorkbenchError {
  return new WorkbenchError(
    'network',
    `${new URL(url).host} sent a ${file.path} whose hash is ${actual}, not ${file.hash} as announced; it was thrown away`,
    'Run it again; where it happens each time, the server or a proxy alters files: try another endpoint.',
  );
}
