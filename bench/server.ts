import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server of some engine, as a process of its own. */
export interface Server {
  process: ChildProcess;
  /** Of its OpenAI API. */
  url: string;
}

/** `multi-lora serve` as it is built. */
export async function startServer(args: string[], threads: number): Promise<Server> {
  const cli = fileURLToPath(new URL('../dist/cli.mjs', import.meta.url));
  const all = [cli, 'serve', ...args, '--port', '0', '--threads', String(threads), '--device', 'cpu', '--json'];
  const server = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { url } = JSON.parse(await firstLine(server)) as { url: string };
  return { process: server, url };
}

/** What a server says when it is ready. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`a server ended with ${code} before it was ready`);
    }),
  ])) as [string];
  return line;
}
