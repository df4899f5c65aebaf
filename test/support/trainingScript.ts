import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporaryFolder.ts';

/**
 * A program that is called as Python is, and does to its folder what the exported script does: events of so many steps, a checkpoint
 * where it is stopped, and at the end the first factors as its adapter. At step `waits` it awaits a stop, in its first life. It
 * computes nothing. Of a sweep it tells a step and losses of each point; it fails where a file in its own folder has the name of
 * the rate, and awaits a stop where that of `waits` is there.
 */
export function scriptInPlaceOfPython({ steps, waits = 0 }: { steps: number; waits?: number }): string {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'python');
  writeFileSync(
    path,
    `#!${process.execPath}
const { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const job = JSON.parse(readFileSync('job.json', 'utf8'));
const [name] = Object.keys(job.experts);
const results = 'results/' + name;
mkdirSync(results, { recursive: true });
const told = event => appendFileSync(results + '/events.jsonl', JSON.stringify(event) + '\\n');
const from = existsSync(results + '/at') ? Number(readFileSync(results + '/at', 'utf8')) : 0;
let step = from;
const { points, measuresBase } = job.experts[name];
if (points) {
  const rows = readFileSync('experts/' + name + '/validation.jsonl', 'utf8').trim().split('\\n');
  const left = points.entries();
  const next = () => {
    if (existsSync(results + '/stop')) return told({ type: 'cancelled' });
    if (existsSync(__dirname + '/waits') && step === 1) return setTimeout(next, 20);
    const { value, done } = left.next();
    if (done) return;
    const [number, { learningRate, rank, start }] = value;
    const place = { learningRate, rank };
    if (!existsSync('experts/' + name + '/' + start + '/adapter_model.safetensors')) process.exit(1);
    step++;
    told({ ...place, type: 'step', step: 1, steps: 1, experts: { [name]: { loss: 2, learningRate, gradientNorm: 1 } }, tokensPerSecond: 1, secondsLeft: 0, residentBytes: 1 });
    const losses = rows.map(() => 1 + learningRate);
    if (existsSync(__dirname + '/' + learningRate)) told({ ...place, type: 'failed', message: 'out of memory' });
    else told({ ...place, type: 'point', losses, ...(measuresBase && { startLosses: rows.map(() => 2) }), trainLoss: 2, steps: 1, tokensPerSecond: 1, seconds: 1 });
    setTimeout(next, 20);
  };
  next();
  return;
}
if (existsSync('fail')) { console.error('no GPU here'); process.exit(1); }
const timer = setInterval(() => {
  const isStopped = existsSync(results + '/stop');
  if (from < ${waits} && step === ${waits} && !isStopped) return;
  step++;
  told({ type: 'step', step, steps: ${steps}, experts: { [name]: { loss: 3 / step, learningRate: 0.001, gradientNorm: 1 } }, tokensPerSecond: 1, secondsLeft: 1, residentBytes: 1 });
  writeFileSync(results + '/at', String(step));
  if (isStopped) {
    told({ type: 'checkpoint', step });
    told({ type: 'cancelled', step });
    process.exit(130);
  }
  if (step < ${steps}) return;
  clearInterval(timer);
  cpSync('experts/' + name + '/start', results + '/adapter', { recursive: true });
  const { baseHash, experts } = job;
  writeFileSync(results + '/done.json', JSON.stringify({ expert: name, baseHash, trainExamples: experts[name].trainExamples, step, tokens: 100, best: null }));
  told({ type: 'trained', step });
}, 20);
`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** A program that is called as ssh is, and runs the command with this machine's own shell, from a home folder of its own. */
export function shellInPlaceOfSsh(home: string): string {
  mkdirSync(home, { recursive: true });
  const path = join(home, 'ssh');
  // The last argument is the command.
  writeFileSync(
    path,
    `#!/bin/sh\nfor last; do :; done\nif [ -f "${home}/away" ]; then echo "no route" >&2; exit 255; fi\ncd "${home}"\nHOME="${home}" exec sh -c "$last"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}
