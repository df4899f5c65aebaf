import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after } from 'node:test';
import { type DownloadedModel, downloadModel, type ModelDownload } from '../../src/engine/hub/downloadModel.ts';
import type { ErrorCode, WorkbenchError } from '../../src/protocol/errors.ts';

export const commit = '0123456789abcdef0123456789abcdef01234567';

/** A request for a file's bytes as it came to the server that holds them. */
interface FileRequest {
  file: string;
  /** Where the bytes that were asked for begin. */
  from: number;
  /** What was sent of the body. */
  sent: number;
  authorization: string | undefined;
}

export interface HubServer {
  endpoint: string;
  /** Requests for large files, at the second server, which a hub redirects to. */
  large: FileRequest[];
  /** Requests to the hub itself, as paths. */
  paths: string[];
  files: Map<string, Buffer>;
  /** Sends so many bytes of a large file's answer and, when `seen` says that they have come, ends the connection. */
  cut?: { after: number; times: number; seen(): boolean };
  /** Changes what is sent of a large file. */
  alter?(body: Buffer): Buffer;
  /** Called before a large file is sent. */
  beforeLarge?(): void;
  /** Answers with this instead of the model's description. */
  refuse?: { status: number; errorCode?: string };
  /** The token without which nothing is given. */
  token?: string;
  ignoresRanges?: boolean;
}

/** Files of the embedded base that a download brings. */
export const baseFiles = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
];

/** What every download is given here: nobody waits for it or ends it, and it tries again at once. */
export const downloadOptions = (hub: { endpoint: string }, cacheFolder: string) => ({
  endpoint: hub.endpoint,
  cacheFolder,
  signal: new AbortController().signal,
  onProgress: () => {},
  retryWaits: [0],
});

/** Of `assert.rejects`: an error by its code, its message and its hint. */
export const fails =
  (code: ErrorCode, message: RegExp, hint = /./) =>
  (error: WorkbenchError) => {
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    return true;
  };

/** Downloads what a hub offers as `test/base`. */
export function downloadBase(
  hub: { endpoint: string },
  cacheFolder: string,
  options: Partial<ModelDownload> = {},
): Promise<DownloadedModel> {
  return downloadModel({
    repo: 'test/base',
    revision: 'main',
    ...downloadOptions(hub, cacheFolder),
    ...options,
  });
}

export const gitHash = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Speaks the part of the hub's API that a download needs, over the files of a folder, as `test/base`; large files lie on
 * another server, as on the hub. It ends with the calling file's tests.
 */
export async function startHub(folder: string, repo = 'test/base'): Promise<HubServer> {
  return serve(new Map(readdirSync(folder).map(name => [name, readFileSync(join(folder, name))])), repo);
}

/** The same over files by their paths. */
export async function startModelHub(files: Map<string, Buffer>, repo: string): Promise<HubServer> {
  return serve(files, repo);
}

/** The same for a dataset, `test/data`: files by their paths, and those of the branch with everything in Parquet. */
export async function startDatasetHub(
  files: Map<string, Buffer>,
  converted = new Map<string, Buffer>(),
): Promise<HubServer> {
  return serve(files, 'test/data', converted);
}

/** The commit of the branch with everything in Parquet. */
export const convertedCommit = 'fedcba9876543210fedcba9876543210fedcba98';

async function serve(files: Map<string, Buffer>, repo: string, converted?: Map<string, Buffer>): Promise<HubServer> {
  const api = `/api/${converted ? 'datasets' : 'models'}/${repo}`;
  const isLarge = (name: string) => /\.(safetensors|parquet|gguf)$/.test(name);
  /** What lies in a folder; '' is the root. */
  const listing = (all: ReadonlyMap<string, Buffer>, folder: string) => {
    const entries = new Map<string, object>();
    for (const [path, bytes] of all) {
      if (folder !== '' && !path.startsWith(`${folder}/`)) continue;
      const [name, ...deeper] = path.slice(folder === '' ? 0 : folder.length + 1).split('/');
      const own = folder === '' ? name! : `${folder}/${name}`;
      const lfs = isLarge(path) && { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 133 } };
      entries.set(
        own,
        deeper.length > 0
          ? { type: 'directory', path: own, size: 0, oid: gitHash(Buffer.alloc(0)) }
          : { type: 'file', path: own, size: bytes.length, oid: gitHash(bytes), ...lfs },
      );
    }
    return [...entries.values()];
  };
  const store = await listen((request, response) => {
    const file = decodeURIComponent(request.url!.slice(1));
    hub.beforeLarge?.();
    sendFile(hub, hub.files.get(file) ?? converted!.get(file)!, file, request, response);
  });
  const server = await listen((request, response) => {
    const path = request.url!.split('?')[0]!;
    hub.paths.push(path);
    const json = (value: unknown) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(value));
    };
    const refused =
      hub.refuse ?? (hub.token && request.headers.authorization !== `Bearer ${hub.token}` && { status: 401 });
    if (refused) {
      response.statusCode = refused.status;
      if ('errorCode' in refused && refused.errorCode) response.setHeader('x-error-code', refused.errorCode);
      return json({ error: 'refused' });
    }
    const revision = path.startsWith(`${api}/revision/`) && decodeURIComponent(path.slice(`${api}/revision/`.length));
    const isConverted = revision === 'refs/convert/parquet' && converted && converted.size > 0;
    if (revision === 'main' || revision === commit || isConverted) {
      const sha = isConverted ? convertedCommit : commit;
      return json({ _id: '1', id: repo, sha, lastModified: '2026-01-01T00:00:00Z', gated: false });
    }
    for (const [tree, all] of [
      [commit, hub.files],
      [convertedCommit, converted ?? new Map<string, Buffer>()],
    ] as const) {
      const listed = `${api}/tree/${tree}`;
      if (path === listed || path.startsWith(`${listed}/`)) return json(listing(all, path.slice(listed.length + 1)));
      const place = `/${converted ? 'datasets/' : ''}${repo}/resolve/${tree}/`;
      const name = path.startsWith(place) ? decodeURIComponent(path.slice(place.length)) : '';
      const bytes = all.get(name);
      if (bytes && isLarge(name)) {
        response.writeHead(302, { location: `http://localhost:${portOf(store)}/${name}` });
        return response.end();
      }
      if (bytes) return response.end(bytes);
    }
    response.writeHead(404, {
      'x-error-code': path.startsWith(`${api}/`) ? 'RevisionNotFound' : 'RepoNotFound',
    });
    response.end();
  });
  const hub: HubServer = { endpoint: `http://127.0.0.1:${portOf(server)}`, large: [], paths: [], files };
  return hub;
}

function sendFile(
  hub: HubServer,
  whole: Buffer,
  file: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const from = hub.ignoresRanges ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const body = hub.alter ? hub.alter(whole.subarray(from)) : whole.subarray(from);
  if (from > 0) response.writeHead(206, { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` });
  const entry: FileRequest = { file, from, sent: body.length, authorization: request.headers.authorization };
  hub.large.push(entry);
  if (hub.cut && hub.cut.times > 0) {
    hub.cut.times--;
    entry.sent = hub.cut.after;
    if (from === 0) response.writeHead(200, { 'content-length': body.length });
    const { after, seen } = hub.cut;
    response.write(body.subarray(0, after));
    const timer = setInterval(() => {
      if (!seen()) return;
      clearInterval(timer);
      response.destroy();
    }, 5);
    return;
  }
  response.end(body);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(handler);
  await new Promise<void>(resolve => server.listen(0, resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}
