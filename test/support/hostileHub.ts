import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { commit, gitHash, sha256 } from './hubServer.ts';

/** Answers a request as no hub should; false leaves it to the answers of an honest one. */
type Answer = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

export interface HostileHub {
  endpoint: string;
  /** All requests, as `METHOD path`, with what was asked for and given away. */
  asked: { path: string; range: string | undefined; authorization: string | undefined }[];
}

/** A hub with the given files as `test/base`, which answers first as `answer` does. It ends with the calling file's tests. */
export async function startHostileHub(files: Map<string, Buffer>, answer: Answer): Promise<HostileHub> {
  const asked: HostileHub['asked'] = [];
  const server = createServer((request, response) => {
    const path = request.url!;
    const { range, authorization } = request.headers;
    asked.push({ path, range, authorization });
    if (answer(path, request, response)) return;
    if (path.includes('/revision/')) return sendJson(response, { _id: '1', id: 'test/base', sha: commit });
    if (path.includes('/tree/')) return sendJson(response, [...files].map(entryOf));
    const body = files.get(decodeURIComponent(path.split('?')[0]!.split('/').at(-1)!));
    if (body) return void response.end(body);
    response.writeHead(404);
    response.end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A file as a hub lists it. */
export function entryOf([path, bytes]: [string, Buffer]): Record<string, unknown> {
  const lfs = { oid: sha256(bytes), size: bytes.length, pointerSize: 133 };
  return {
    type: 'file',
    path,
    size: bytes.length,
    oid: gitHash(bytes),
    ...(path.endsWith('.safetensors') ? { lfs } : {}),
  };
}

export function sendJson(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Sends the same bytes over and over, as fast as they are taken, for as long as anybody does. */
export function sendForEver(to: NodeJS.WritableStream & { destroyed?: boolean }, bytes: Uint8Array): void {
  const go = () => {
    while (!to.destroyed && to.write(bytes));
    if (!to.destroyed) to.once('drain', go);
  };
  go();
}
