import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WorkbenchError } from '../../protocol/errors.ts';

/** How a program ended. `code` is null where a signal ended it. */
export interface ProgramEnd {
  code: number | null;
  stderr: string;
}

export interface RunProgram {
  signal: AbortSignal;
  /** What it reads. */
  input: Readable;
}

/** Characters of what a program says that are kept: its last. */
const mostSaid = 10_000;

/** A program that runs, with what it writes; ended by the signal. */
export function spawnProgram(
  program: string,
  args: string[],
  signal?: AbortSignal,
): ChildProcess & { stdout: Readable; ended: Promise<ProgramEnd> } {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr = (stderr + text).slice(-mostSaid);
  });
  const end = () => void child.kill();
  signal?.addEventListener('abort', end);
  // One that ended before it read what it was to read says why on its standard error.
  child.stdin.on('error', () => {});
  const ended = new Promise<ProgramEnd>(resolve => {
    child.on('error', error => resolve({ code: null, stderr: missing(program, error) }));
    child.on('close', code => resolve({ code, stderr }));
  }).finally(() => signal?.removeEventListener('abort', end));
  return Object.assign(child, { ended });
}

/** Runs a program to its end. Throws `notFound` where it is not there, and the signal's reason. */
export async function runProgram(
  program: string,
  args: string[],
  { signal, input }: Partial<RunProgram> = {},
): Promise<ProgramEnd & { stdout: string }> {
  const child = spawnProgram(program, args, signal);
  const parts: Buffer[] = [];
  child.stdout.on('data', part => parts.push(part));
  if (input) await pipeline(input, child.stdin!).catch(() => {});
  else child.stdin!.end();
  const { code, stderr } = await child.ended;
  signal?.throwIfAborted();
  if (code === null && stderr.startsWith(notThere)) throw new WorkbenchError('notFound', stderr.slice(notThere.length));
  return { code, stderr, stdout: Buffer.concat(parts).toString() };
}

/** The lines of a stream. */
export function linesOf(stream: Readable): AsyncIterable<string> {
  return createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
}

const notThere = 'not there: ';

function missing(program: string, error: Error): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
    ? `${notThere}the program '${program}' is not installed`
    : error.message;
}
