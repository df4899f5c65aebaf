import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ElsewhereRun, ElsewhereState } from './elsewhereRun.ts';
import { linesOf, runProgram, spawnProgram } from './program.ts';

/** What stands before the script's own lines in the log of a job. */
const mark = 'multi-lora {';

export interface RayRunOptions {
  /** Of the cluster's dashboard. */
  address: string;
  id: string;
  expert: string;
  python: string | undefined;
  workers: number | undefined;
  /** The folder of the job here. */
  job(): string;
}

/**
 * A training as jobs of a Ray cluster, each of which goes on where the one before has ended. Events and adapter come back through
 * the job's log. `MULTI_LORA_RAY` is a command in place of `ray`.
 */
export function rayRun({ address, id, expert, python = 'python', workers = 1, job }: RayRunOptions): ElsewhereRun {
  const [program = 'ray', ...given] = (process.env.MULTI_LORA_RAY || 'ray').split(' ').filter(part => part !== '');
  const out = `~/multi-lora/${id}`;
  const files = new Map<string, LoggedFile>();
  /** The number of the last job, once it was looked for. */
  let last: number | undefined;
  const named = (number: number) => `${id}-${number}`;
  const ray = (verb: string, ...rest: string[]) => [...given, 'job', verb, '--address', address, ...rest];
  const statusOf = async (number: number): Promise<string | undefined> => {
    const { code, stdout, stderr } = await runProgram(program, ray('status', named(number)));
    const all = `${stdout}\n${stderr}`;
    const [, status] = /\b(PENDING|RUNNING|STOPPED|SUCCEEDED|FAILED)\b|(?:succeeded|failed|stopped)\b/i.exec(all) ?? [];
    if (code === 0) return status ?? 'ENDED';
    if (/does not exist|not found|404/i.test(all)) return undefined;
    throw refusal(address, all);
  };
  const find = async (): Promise<number> => {
    for (last ??= 0; (await statusOf(last + 1)) !== undefined; ) last++;
    return last;
  };
  const entry = (...args: string[]) => [
    '--working-dir',
    job(),
    '--no-wait',
    '--',
    python,
    'ray_train.py',
    '--expert',
    expert,
    '--out',
    out,
    ...args,
  ];
  const submit = async (name: string, args: string[]) => {
    const { code, stdout, stderr } = await runProgram(program, ray('submit', '--submission-id', name, ...args));
    if (code !== 0) throw refusal(address, `${stdout}\n${stderr}`);
  };
  return {
    name: address,
    async state(): Promise<ElsewhereState> {
      const number = await find();
      if (number === 0) return 'none';
      return /PENDING|RUNNING/i.test((await statusOf(number))!) ? 'running' : 'ended';
    },
    // It goes with each submission.
    async send() {},
    async start() {
      const number = (await find()) + 1;
      await submit(named(number), entry('--workers', String(workers)));
      last = number;
    },
    async *lines(_known, signal, tell) {
      // Each job has a log of its own, of which all that was told before is told again.
      const number = await find();
      const told = new Set<string>();
      for (let attempt = 0; ; attempt++) {
        const child = spawnProgram(program, ray('logs', '--follow', named(number)), signal);
        for await (const line of linesOf(child.stdout)) {
          const at = line.indexOf(mark);
          const text = at < 0 ? '' : line.slice(at + mark.length - 1);
          // Ray forwards what a worker prints twice, and a log that is read again begins anew.
          if (text === '' || told.has(text)) continue;
          told.add(text);
          if (!keepPiece(files, text)) yield text;
        }
        const { stderr } = await child.ended;
        if (signal.aborted) return;
        const status = await statusOf(number).catch(() => undefined);
        if (status && !/PENDING|RUNNING/i.test(status)) return;
        if (attempt >= 30) throw refusal(address, stderr);
        tell(`the connection to ${address} is lost; trying again`);
        await delay(Math.min(30_000, 1000 * 2 ** attempt), undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
      }
    },
    async stop() {
      await submit(`${named(last ?? 1)}-stop-${Date.now()}`, entry('--stop'));
    },
    async bring(folder) {
      if (!files.has('done.json')) return false;
      for (const [name, { size, pieces }] of files) {
        const text = [...pieces]
          .sort(([a], [b]) => a - b)
          .map(([, piece]) => piece)
          .join('');
        if (text.length !== size)
          throw refusal(
            address,
            `the log of ${named(last ?? 1)} lacks a part of ${name}; it lies in ${out}/${expert} there`,
          );
        const path = join(folder, ...(name === 'done.json' ? [name] : ['adapter', basename(name)]));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, Buffer.from(text, 'base64'));
      }
      return true;
    },
    async log() {
      const { stdout } = await runProgram(program, ray('logs', named(last ?? 1)));
      return stdout
        .split('\n')
        .filter(line => !line.includes(mark))
        .join('\n')
        .slice(-3000);
    },
  };
}

/** A file as pieces of base64, by where they stand in it. */
interface LoggedFile {
  size: number;
  pieces: Map<number, string>;
}

/** Notes a piece of a file; false for a line that is none. */
function keepPiece(files: Map<string, LoggedFile>, text: string): boolean {
  let json: { file?: unknown; at?: unknown; size?: unknown; base64?: unknown };
  try {
    json = JSON.parse(text);
  } catch {
    return false;
  }
  const { file, at, size, base64 } = json;
  if (typeof file !== 'string' || typeof base64 !== 'string' || typeof at !== 'number' || typeof size !== 'number')
    return false;
  const known = files.get(file);
  const pieces = known?.size === size ? known.pieces : new Map<number, string>();
  files.set(file, { size, pieces: pieces.set(at, base64) });
  return true;
}

function refusal(address: string, said: string): WorkbenchError {
  const end = said.trim().split('\n').slice(-5).join('\n');
  return new WorkbenchError('runtime', `Ray at ${address}: ${end}`, `Check it with: ray job list --address ${address}`);
}
