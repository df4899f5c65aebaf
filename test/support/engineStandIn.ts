import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

export interface StandIn {
  url: string;
  /** What was asked, in its order. */
  asked: { path: string; authorization: string | undefined; body: unknown }[];
  close(): Promise<void>;
}

type Answer = (response: ServerResponse, request: IncomingMessage, times: number) => void;

/** A server that fails as it is told to: what no real one does when it is wanted. */
export async function engineStandIn(answer: Answer): Promise<StandIn> {
  const asked: StandIn['asked'] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    asked.push({
      path: request.url!,
      authorization: request.headers.authorization,
      body: text ? JSON.parse(text) : undefined,
    });
    answer(response, request, asked.length);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  after(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

/** Begins a stream of events, and sends these. */
export function sendEvents(response: ServerResponse, events: readonly unknown[]): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.flushHeaders();
  for (const event of events) response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
}

/** A piece of an answer in a conversation. */
export function piece(content: string, more: object = {}) {
  return { choices: [{ index: 0, delta: { content }, finish_reason: null, ...more }] };
}
