import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isThere } from '../../experiment/files.ts';
import { eventsFile } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { type ElsewhereRun, type ElsewhereState, goOn } from './elsewhereRun.ts';
import { linesOf, type RunProgram, runProgram, spawnProgram } from './program.ts';

/** What ssh ends with where it has no connection, whatever the other end did. */
const noConnection = 255;
/** Milliseconds between tries to connect again: longer and longer, for so many tries, which is a quarter of an hour. */
const pauses = (attempt: number) => Math.min(30_000, 1000 * 2 ** attempt);
const mostTries = 32;

/** Asks for no password, and finds out within seconds that the other end is gone. */
const sshOptions = [
  '-o',
  'BatchMode=yes',
  '-o',
  'ConnectTimeout=15',
  '-o',
  'ServerAliveInterval=5',
  '-o',
  'ServerAliveCountMax=3',
];

export interface SshRunOptions {
  host: string;
  /** Of all jobs, relative to the home folder. */
  folder: string;
  /** Of this one. */
  id: string;
  expert: string;
  python: string | undefined;
  /** SHA-256 of the base, which is sent once to a machine. */
  baseHash: string;
}

/**
 * A training on another machine over SSH, with nothing there but a shell, tar and Python. It goes on there when the connection
 * is lost or this program ends. `MULTI_LORA_SSH` is a command in place of `ssh`, such as `ssh -F my-config`.
 */
export function sshRun({ host, folder, id, expert, python, baseHash }: SshRunOptions): ElsewhereRun {
  const [program = 'ssh', ...given] = (process.env.MULTI_LORA_SSH || 'ssh').split(' ').filter(part => part !== '');
  // `~` is expanded where it stands at the beginning, outside quotes.
  const job = `${folder}/${id}`;
  const results = `${job}/results/${expert}`;
  const base = `${folder}/bases/${baseHash.slice(0, 32)}`;
  const call = (script: string) => [...given, ...sshOptions, host, script];
  const run = async (script: string, rest: Partial<RunProgram> = {}): Promise<string> => {
    for (let attempt = 0; ; attempt++) {
      const { code, stdout, stderr } = await runProgram(program, call(script), rest);
      if (code === 0) return stdout;
      // What is sent from a stream is not sent again.
      if (code !== noConnection || attempt >= 3 || rest.input) throw refusal(host, stderr, code);
      await delay(pauses(attempt), undefined, { signal: rest.signal });
    }
  };
  return {
    name: host,
    async state() {
      const told = await run(
        `if [ ! -f ${job}/job.json ]; then echo none; elif [ -f ${job}/pid ] && kill -0 "$(cat ${job}/pid)" 2>/dev/null; then echo running; else echo ended; fi`,
      );
      return told.trim() as ElsewhereState;
    },
    async send(local, signal) {
      // Whole or not at all: what a full disk or a lost connection leaves is put away.
      const receive = (to: string) =>
        `set -e; trap 'rm -rf ${to}.tmp' EXIT; rm -rf ${to}.tmp; mkdir -p ${to}.tmp; tar xzf - -C ${to}.tmp; rm -rf ${to}; mv ${to}.tmp ${to}`;
      const pack = (args: string[]) => spawnProgram('tar', ['czf', '-', '-C', local, ...args], signal);
      const bring = async (to: string, args: string[]) => {
        const tar = pack(args);
        await run(receive(to), { signal, input: tar.stdout });
      };
      // A model of the hub is brought from there.
      const hasBase = await isThere(join(local, 'base'));
      if (hasBase && (await run(`[ -d ${base} ] && echo there || echo none`, { signal })).trim() === 'none')
        await bring(base, ['base']);
      await bring(job, hasBase ? ['--exclude', './base', '.'] : ['.']);
      if (hasBase) await run(`ln -sfn "$(cd ${base}/base && pwd)" ${job}/base`, { signal });
    },
    async start() {
      const command = python
        ? `${python} train.py`
        : 'if command -v uv >/dev/null; then exec uv run train.py "$@"; else exec python3 train.py "$@"; fi';
      const script = python ? `exec ${command} "$@"` : command;
      await run(
        `cd ${job} && rm -f exit results/${expert}/stop && { PATH="$HOME/.local/bin:$PATH" nohup sh -c '${script}' train --expert ${expert} --resume >log 2>&1 </dev/null & echo $! >pid; }`,
      );
    },
    async *lines(known, signal, tell) {
      let count = known;
      for (let attempt = 0; ; attempt++) {
        const child = spawnProgram(program, call(follow(job, results, count)), signal);
        for await (const line of linesOf(child.stdout)) {
          count++;
          attempt = 0;
          yield line;
        }
        const { code, stderr } = await child.ended;
        if (code === 0 || signal.aborted) return;
        if (code !== noConnection) throw refusal(host, stderr, code);
        if (attempt >= mostTries)
          throw new WorkbenchError(
            'runtime',
            `${host} cannot be reached any more: ${stderr.trim()}`,
            `The training goes on there. ${goOn}`,
          );
        tell(`the connection to ${host} is lost; trying again`);
        await delay(pauses(attempt), undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
      }
    },
    async stop() {
      await run(`mkdir -p ${results} && touch ${results}/stop`);
    },
    async bring(local) {
      const there = await run(`[ -f ${results}/done.json ] && echo done || echo none`);
      if (there.trim() !== 'done') return false;
      const child = spawnProgram(program, call(`tar czf - -C ${results} adapter done.json`));
      await runProgram('tar', ['xzf', '-', '-C', local], { input: child.stdout });
      const { code, stderr } = await child.ended;
      if (code !== 0) throw refusal(host, stderr, code);
      return true;
    },
    log: () => run(`tail -c 3000 ${job}/log 2>/dev/null || true`),
  };
}

/** Prints the lines after the first `known` as they come, until the process has ended. POSIX alone, so that any machine does it. */
function follow(job: string, results: string, known: number): string {
  return [
    `n=${known}`,
    'while :; do',
    `alive=0; kill -0 "$(cat ${job}/pid)" 2>/dev/null && alive=1`,
    `if [ -f ${results}/${eventsFile} ]; then`,
    `total=$(wc -l <${results}/${eventsFile})`,
    `if [ "$total" -gt "$n" ]; then tail -n +$((n+1)) ${results}/${eventsFile} | head -n $((total-n)) || exit 1; n=$total; fi`,
    'fi',
    '[ $alive = 0 ] && exit 0',
    'sleep 1',
    'done',
  ].join('\n');
}

function refusal(host: string, stderr: string, code: number | null): WorkbenchError {
  const said = stderr.trim().split('\n').slice(-5).join('\n');
  if (/No space left|[Dd]isk quota/.test(said))
    return new WorkbenchError('storage', `the disk of ${host} is full`, `Free some space there. ${goOn}`);
  if (code === noConnection)
    return new WorkbenchError(
      'runtime',
      `${host} cannot be reached: ${said}`,
      `Check it with: ssh ${host} true. Keys and ports go into ~/.ssh/config.`,
    );
  return new WorkbenchError('runtime', `${host}: ${said || `ended with ${code}`}`);
}
