import { createInterface } from 'node:readline';

/** What a side can be asked, by name. */
export type Handlers = Record<string, (params: never) => unknown>;

/** The child's half of a side: answers one request after another, until its input ends. */
export async function serve(handlers: Handlers): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { name, params } = JSON.parse(line) as { name: string; params: never };
    const answer = await Promise.resolve()
      .then(() => handlers[name]!(params))
      .then(
        result => ({ result: result ?? null }),
        (error: Error) => ({ error: error.stack ?? error.message }),
      );
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}
