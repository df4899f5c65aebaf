import { asApiError } from './apiError.ts';

/**
 * Server-sent events, one for each value that `work` sends. Resolves with the first of them, so that what goes wrong
 * before is an answer with a status of its own; what goes wrong later is the last event.
 */
export function eventStream(
  work: (send: (value: unknown) => void) => Promise<void>,
  giveUp: () => void,
): Promise<Response> {
  const encoder = new TextEncoder();
  return new Promise((resolve, reject) => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    let isOpen = true;
    const close = () => {
      isOpen = false;
      controller?.close();
    };
    const send = (value: unknown) => {
      if (!isOpen) return;
      if (!controller) resolve(begin());
      controller!.enqueue(encoder.encode(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`));
    };
    const begin = () => {
      const body = new ReadableStream<Uint8Array>({
        start(given) {
          controller = given;
        },
        cancel() {
          isOpen = false;
          giveUp();
        },
      });
      // Proxies keep events until an answer is complete, unless they are told not to.
      const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' };
      return new Response(body, { headers });
    };
    work(send).then(
      () => isOpen && close(),
      error => {
        if (!controller) return reject(error);
        if (!isOpen) return;
        send(asApiError(error).body);
        close();
      },
    );
  });
}
