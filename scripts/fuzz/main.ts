/**
 * Mutated inputs of everything that comes from outside, each read as the product reads it, in processes with 2 GB and
 * 10 s for each input: none may crash, hang or be refused without a place.
 *
 *   npm run fuzz [-- COUNT SEED KIND…]     default 10000 1, all kinds
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Outcome } from './reader.ts';

const kinds = [
  'recipe',
  'dataset',
  'parquet',
  'gzip',
  'config',
  'tokenizer',
  'template',
  'safetensors',
  'gguf',
  'ollama',
  'adapter',
  'torch',
  'report',
  'hub',
  'schema',
];
const [count = '10000', first = '1', ...chosen] = process.argv.slice(2);
const wanted = chosen.length > 0 ? chosen : kinds;
const longest = 10_000;
const mostBytes = 2e9;

const reader = new URL('reader.ts', import.meta.url);
let child: ChildProcess | undefined;
const tally = new Map(wanted.map(kind => [kind, { read: 0, refused: 0, fault: 0, slowest: 0, most: 0 }]));

async function start(): Promise<ChildProcess> {
  const process = fork(reader, {
    execArgv: ['--import', 'tsx', '--max-old-space-size=1600'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await new Promise(resolve => process.once('message', resolve));
  return process;
}

async function read(kind: string, seed: number): Promise<Outcome & { bytes: number }> {
  child ??= await start();
  const own = child;
  let bytes = 0;
  return new Promise(resolve => {
    const end = (outcome: Outcome, isOver: boolean) => {
      clearTimeout(timer);
      clearInterval(watch);
      own.removeAllListeners();
      if (isOver) {
        own.kill('SIGKILL');
        child = undefined;
      }
      resolve({ ...outcome, bytes });
    };
    const timer = setTimeout(() => end({ is: 'fault', detail: `no end after ${longest / 1000} s` }, true), longest);
    const watch = setInterval(() => {
      bytes = Math.max(bytes, residentBytes(own.pid!));
      if (bytes > mostBytes) end({ is: 'fault', detail: `${Math.round(bytes / 1e6)} MB` }, true);
    }, 50);
    own.once('message', outcome => end(outcome as Outcome, false));
    own.once('exit', (code, signal) => end({ is: 'fault', detail: `the process ended (${code ?? signal})` }, true));
    own.send({ kind, seed });
  });
}

function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

for (let i = 0; i < Number(count); i++) {
  const kind = wanted[i % wanted.length]!;
  const seed = Number(first) + i;
  const started = performance.now();
  const outcome = await read(kind, seed);
  const own = tally.get(kind)!;
  own[outcome.is]++;
  own.slowest = Math.max(own.slowest, performance.now() - started);
  own.most = Math.max(own.most, outcome.bytes);
  if (outcome.is === 'fault') console.log(`${kind} ${seed}: ${outcome.detail.slice(0, 300)}`);
}
child?.kill();
for (const [kind, n] of tally)
  console.log(
    `${kind.padEnd(12)} ${n.read} read, ${n.refused} refused with a place, ${n.fault} faults; slowest ${Math.round(n.slowest)} ms, most ${Math.round(n.most / 1e6)} MB`,
  );
process.exitCode = [...tally.values()].some(n => n.fault > 0) ? 1 : 0;
