import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { noTelemetry } from '../src/protocol/noTelemetry.ts';

/** A process that takes part in a comparison: what it is asked is one line of JSON, and so is what it answers. */
export interface Side {
  call<T>(name: string, params?: unknown): Promise<T>;
  /** Most memory it ever held, in bytes (Linux's VmHWM). */
  peakBytes(): number;
  end(): Promise<void>;
}

interface Answer {
  result?: unknown;
  error?: string;
}

/** Starts a program of bench/ that ends in `serve`, or a Python one that does the same. */
export function startSide(file: string, env: Record<string, string> = {}, python = systemPython()): Side {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const isPython = path.endsWith('.py');
  const [command, args] = isPython
    ? [python, ['-u', path]]
    : [process.execPath, ['--import', import.meta.resolve('tsx'), path]];
  return sideOver(spawn(command, args, { env: { ...process.env, ...noTelemetry, ...env } }), file);
}

/** Debian's own, which sees Debian's packages, before one of another manager. */
function systemPython(): string {
  return existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
}

function sideOver(child: ChildProcessWithoutNullStreams, file: string): Side {
  const waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr = (stderr + text).slice(-4000);
  });
  const closed = new Promise<void>(resolve => {
    const fail = (why: string) => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`${file} ${why}\n${stderr}`));
      resolve();
    };
    child.on('error', error => fail(`could not be started: ${error.message}`));
    child.on('close', code => fail(`ended with code ${code}`));
  });
  createInterface({ input: child.stdout }).on('line', line => {
    // Libraries may print lines of their own.
    if (!line.startsWith('{"')) return;
    const next = waiting.shift();
    const answer = JSON.parse(line) as Answer;
    if (answer.error === undefined) next?.resolve(answer.result);
    else next?.reject(new Error(`${file}: ${answer.error}`));
  });
  return {
    call<T>(name: string, params: unknown = {}) {
      return new Promise<T>((resolve, reject) => {
        if (child.exitCode !== null) return reject(new Error(`${file} has ended\n${stderr}`));
        waiting.push({ resolve: resolve as (value: unknown) => void, reject });
        child.stdin.write(`${JSON.stringify({ name, params })}\n`);
      });
    },
    peakBytes: () => peakBytesOf(child.pid!),
    async end() {
      child.stdin.end();
      await closed;
    },
  };
}

/** Peak resident memory of a process, in bytes. Linux alone tells it; elsewhere NaN. */
export function peakBytesOf(pid: number): number {
  return statusField(pid, 'VmHWM');
}

/** Resident memory of a process now, in bytes. */
export function residentBytesOf(pid: number): number {
  return statusField(pid, 'VmRSS');
}

function statusField(pid: number, field: string): number {
  if (process.platform !== 'linux') return Number.NaN;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
}
