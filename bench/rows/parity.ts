import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseTrainEvent, type TrainEvent } from '../../src/protocol/trainEvents.ts';
import { type BenchBase, benchBase, isRandom } from '../bases.ts';
import { buildEngine, startBuiltEngine } from '../builtEngine.ts';
import { openDecoder } from '../decoderSide.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';

const run = promisify(execFile);
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const expert = 'math';
/** Steps whose losses are compared. */
const steps = 20;
/** Workers that share the rows of each batch, in turn: two hold a large base twice. */
const workerCounts: Record<string, number[]> = { embedded: [1, 2], smollm2: [1] };

/** The same training here and by the exported script: losses of the first steps, and logits of the adapter that comes home. */
export const parity: RowGroup = {
  name: 'parity',
  about: 'a training by the exported script, with PYTHON that has trl: losses and logits against the engine’s own',
  async run(context) {
    const python = process.env.PYTHON;
    if (!python) throw new Error('PYTHON names no Python with trl and peft');
    await buildEngine();
    const rows: Row[] = [];
    for (const name of context.bases)
      if (!isRandom(name)) rows.push(...(await rowsOf(context, await benchBase(name), python)));
    return rows;
  },
};

async function rowsOf({ threads, say }: BenchContext, base: BenchBase, python: string): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'multi-lora-parity-'));
  const engine = startBuiltEngine(threads);
  try {
    const recipe = writeRecipe(folder, base);
    say(`parity, ${base.name}: here`);
    const own: TrainEvent[] = [];
    await engine.request(
      'train',
      { recipe, resume: false },
      { onProgress: told => void (told.kind === 'event' && own.push(told.event)) },
    );
    const job = join(folder, 'job');
    await engine.request('exportTraining', { recipe, to: 'trl', out: job });
    const rows: Row[] = [];
    for (const workers of workerCounts[base.name]!) {
      say(`parity, ${base.name}: the script with ${workers} ${workers === 1 ? 'worker' : 'workers'}`);
      const out = join(folder, `results-${workers}`);
      const script = ['train.py', '--out', out];
      const launched =
        workers === 1 ? script : ['-m', 'torch.distributed.run', '--nproc-per-node', `${workers}`, ...script];
      await run(python, launched, {
        cwd: job,
        env: { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: `${Math.max(1, Math.floor(threads / workers))}` },
        maxBuffer: 1e8,
      });
      const results = join(out, expert);
      const there = readFileSync(join(results, 'events.jsonl'), 'utf8')
        .split('\n')
        .flatMap(line => parseTrainEvent(line) ?? []);
      rows.push(lossRow(base, workers, own, there));
      if (workers > 1) continue;
      await engine.request('importRun', { recipe, folder: results, expert, follow: false });
      rows.push(
        await logitsRow(base, python, job, join(results, 'adapter'), join(folder, 'out', 'adapters', expert), threads),
      );
    }
    return rows;
  } finally {
    await engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeRecipe(folder: string, base: BenchBase): string {
  mkdirSync(folder, { recursive: true });
  const lines = readFileSync(path('examples/experts/math/train.jsonl'), 'utf8').split('\n');
  writeFileSync(join(folder, 'train.jsonl'), lines.slice(0, 100).join('\n'));
  writeFileSync(join(folder, 'validation.jsonl'), lines.slice(100, 110).join('\n'));
  const recipe = {
    base: base.name === 'embedded' ? 'embedded' : (base.gguf ?? base.folder),
    output: 'out',
    lora: { rank: 8, alpha: 16 },
    training: {
      steps,
      batchSize: base.name === 'embedded' ? 4 : 1,
      accumulation: 2,
      arithmetic: 'float',
      weightDecay: 0.01,
      warmup: 0.2,
      validateEvery: 10,
    },
    experts: { [expert]: { data: { train: 'train.jsonl', validation: 'validation.jsonl' } } },
  };
  const file = join(folder, 'parity.lora.json');
  writeFileSync(file, JSON.stringify(recipe));
  return file;
}

function lossRow(base: BenchBase, workers: number, own: TrainEvent[], there: TrainEvent[]): Row {
  const [a, b] = [lossesOf(own), lossesOf(there)];
  if (a.length !== steps || b.length !== steps) throw new Error(`${a.length} and ${b.length} steps, expected ${steps}`);
  const gaps = a.map((loss, i) => Math.abs(loss - b[i]!));
  const held = (events: TrainEvent[]) => events.flatMap(e => (e.type === 'validation' ? [e.loss] : []));
  const heldGaps = held(own).map((loss, i) => Math.abs(loss - held(there)[i]!));
  return {
    group: 'parity',
    name: `${base.name}, first ${steps} losses, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    unit: 'nats apart',
    value: Math.max(...gaps),
    against: undefined,
    target: { kind: 'valueAtMost', is: 1e-3 },
    notes: [
      `from ${a[0]!.toFixed(4)} to ${a.at(-1)!.toFixed(4)}; validation losses at most ${Math.max(...heldGaps).toExponential(1)} apart`,
    ],
  };
}

function lossesOf(events: TrainEvent[]): number[] {
  return events.flatMap(e => (e.type === 'step' ? [e.experts[expert]!.loss] : []));
}

/** The adapter as it was written there, read by PEFT; and as it lies here after it was brought home. */
async function logitsRow(
  base: BenchBase,
  python: string,
  job: string,
  there: string,
  here: string,
  threads: number,
): Promise<Row> {
  const [row = '{}'] = readFileSync(join(job, 'experts', expert, 'train.jsonl'), 'utf8').split('\n');
  const prompt = (JSON.parse(row) as { input_ids: number[] }).input_ids.slice(0, 24);
  const { stdout } = await run(python, [path('bench/peers/peftLogits.py'), job, there, JSON.stringify(prompt)], {
    maxBuffer: 1e8,
  });
  const peer = JSON.parse(stdout.trim().split('\n').at(-1)!) as number[];
  const side = await openDecoder('ours', {
    baseFolder: base.folder,
    gguf: '',
    threads,
    experts: [{ name: expert, folder: here, gguf: '' }],
    room: 64,
    rows: 1,
    llama: '',
    adapters: true,
  });
  const own = await side.logits({ prompt, weights: { [expert]: 1 } });
  const plain = await side.logits({ prompt, weights: {} });
  await side.end();
  const apart = (x: number[], y: number[]) => Math.max(...x.map((v, i) => Math.abs(v - y[i]!)));
  return {
    group: 'parity',
    name: `${base.name}, logits of the adapter that came home`,
    unit: 'apart',
    value: apart(own, peer),
    against: undefined,
    target: { kind: 'valueAtMost', is: 1e-3 },
    notes: [`after ${prompt.length} tokens; the adapter itself moves them by up to ${apart(own, plain).toFixed(1)}`],
  };
}
