/**
 * Time per operator of a training step, or of a prefill and decode steps, as onnxruntime's own profiler tells it. The
 * sessions are those of the engine, with its options.
 *
 *   node --import tsx bench/profile.ts [training|decode|prefill] [embedded|135M|smollm2|qwen-coder] [--threads N] [--rank N] [--rows N | --blend N]
 *     [--int8] [--nodes]
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { InferenceSession } from 'onnxruntime-node';
import { createKvCache } from '../src/engine/runtime/kvCache.ts';
import { openModel } from '../src/engine/runtime/openModel.ts';
import { openBase } from '../src/engine/runtime/quantizedBase.ts';
import { trainingBase } from '../src/engine/training/int8Base.ts';
import { openTrainSessions } from '../src/engine/training/trainBackend.ts';
import { readAdapter } from '../src/experiment/adapterFiles.ts';
import { linearLayers } from '../src/nn/model/layout.ts';
import { hyperVector } from '../src/nn/train/adamw.ts';
import { assembleBatch } from '../src/nn/train/assembleBatch.ts';
import { type BaseName, benchBase } from './bases.ts';
import { cacheFolder } from './cacheFolder.ts';
import { randomExperts } from './experts.ts';
import { tokenRow } from './tokens.ts';
import { trainingCase } from './trainingCase.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '2' },
    rank: { type: 'string', default: '16' },
    // Decoding: prompts, each for an expert of its own.
    rows: { type: 'string', default: '1' },
    // Decoding: experts that are blended for one prompt.
    blend: { type: 'string', default: '1' },
    // Products with the base in 8 bits: of a training's arithmetic, of a quantised copy in answering.
    int8: { type: 'boolean', default: false },
    // Lists single nodes, by name, instead of operators.
    nodes: { type: 'boolean', default: false },
  },
});
const [what = 'training', which = 'embedded'] = positionals;
const threads = Number(values.threads);
const rank = Number(values.rank);
/** Runs that count, the last ones. */
const counted = what === 'decode' ? 32 : 4;

const bench = await benchBase(which as BaseName);
const arithmetic = values.int8 ? 'int8' : 'float';
const isQuantized = values.int8 && what !== 'training';
const stored = await openBase(bench.folder, isQuantized ? 'int8' : 'none', cacheFolder('bases'));
// Sessions that prepare the base are not profiled.
const base = await trainingBase(stored, what === 'training' ? arithmetic : 'float', {
  cacheFolder: cacheFolder('bases'),
  threads,
});

const folder = mkdtempSync(join(tmpdir(), 'bench-profile-'));
// After the engine's sessions have been imported, which turn its telemetry off first.
const runtime = await import('onnxruntime-node');
const sessions: InferenceSession[] = [];
const prefixOf = (at: number) => `session-${at}_`;
let created = 0;
const create = runtime.InferenceSession.create.bind(runtime.InferenceSession) as (
  model: Uint8Array,
  o: object,
) => Promise<InferenceSession>;
// The engine's one place that creates sessions knows no profiling, and need not.
Object.assign(runtime.InferenceSession, {
  create: async (model: Uint8Array, options: object) => {
    const at = created++;
    const session = await create(model, {
      ...options,
      enableProfiling: true,
      profileFilePrefix: join(folder, prefixOf(at)),
    });
    sessions[at] = session;
    return session;
  },
});

if (what === 'training') await trainSteps();
else await decodeSteps();
for (const s of sessions) s.endProfiling();
printOperators();
rmSync(folder, { recursive: true });

async function trainSteps(): Promise<void> {
  const shape = { rank, rows: which === 'embedded' ? 8 : 4, length: 128, answer: 48 };
  const job = await trainingCase(bench, shape, threads);
  const targets = linearLayers(base.config).map(l => l.path);
  const experts = [{ name: 'e', rank, targets, seed: 1, dropout: 0 }];
  const sessions = await openTrainSessions({ base, experts, accumulates: false, threads, arithmetic });
  for (let step = 1; step <= counted + 1; step++) {
    const examples = job.batches[step % job.batches.length]!.map(row => ({
      ids: Int32Array.from(row),
      labels: Int32Array.from(row, (id, t) => (t < row.length - shape.answer ? -100 : id)),
    }));
    const batch = assembleBatch([{ expert: 0, scaling: 2, examples, share: 1 }], 1);
    await sessions.step(batch, step, new Map([['e', hyperVector(job.settings, 1e-3, step)]]));
  }
}

async function decodeSteps(): Promise<void> {
  const model = await openModel(base, threads);
  const rows = Number(values.rows);
  const blended = Number(values.blend);
  const experts = await randomExperts(bench, rank, Math.max(rows, blended));
  for (const e of experts) model.bank.load(await readAdapter(e.folder, e.name));
  const weights =
    blended > 1
      ? [Object.fromEntries(experts.map(e => [e.name, 1 / blended]))]
      : experts.slice(0, rows).map(e => ({ [e.name]: 1 }));
  const each = <T>(value: T): T[] => weights.map(() => value);
  const prompt = tokenRow(128, 1);
  const steps = what === 'decode' ? counted : 0;
  const prefills = what === 'decode' ? 1 : counted + 1;
  for (let i = 0; i < prefills; i++) {
    const cache = createKvCache(base.config, weights.length, prompt.length + steps);
    await model.run(each(prompt), each(0), weights, cache);
    for (let t = 0; t < steps; t++) await model.run(each([prompt[t]!]), each(prompt.length + t), weights, cache);
  }
}

interface ProfileEvent {
  cat: string;
  name: string;
  ts: number;
  dur: number;
  args?: { op_name?: string };
}

function printOperators(): void {
  // The session that ran; others were compiled for use later.
  const profiles = sessions.map((_, at) => readEvents(at));
  const runsOf = (events: ProfileEvent[]) => events.filter(e => e.name === 'model_run');
  const events = profiles.reduce((a, b) => (runsOf(b).length > runsOf(a).length ? b : a));
  const runs = runsOf(events).slice(-counted);
  const from = runs[0]!.ts;
  const nodes = events.filter(e => e.cat === 'Node' && e.name.endsWith('_kernel_time') && e.ts >= from);
  const sums = new Map<string, { us: number; calls: number }>();
  for (const e of nodes) {
    const key = values.nodes ? e.name.replace('_kernel_time', '') : (e.args?.op_name ?? e.name);
    const sum = sums.get(key) ?? { us: 0, calls: 0 };
    sums.set(key, { us: sum.us + e.dur, calls: sum.calls + 1 });
  }
  const run = runs.reduce((s, e) => s + e.dur, 0) / runs.length / 1000;
  const inNodes = nodes.reduce((s, e) => s + e.dur, 0) / runs.length / 1000;
  console.log(
    `${what}, ${bench.name}, rank ${rank}, ${threads} threads: ${run.toFixed(2)} ms a run, ${inNodes.toFixed(2)} of them in operators`,
  );
  console.log('| operator | ms a run | share | calls a run |\n| --- | --- | --- | --- |');
  for (const [name, { us, calls }] of [...sums].sort((a, b) => b[1].us - a[1].us).slice(0, 24)) {
    const ms = us / runs.length / 1000;
    console.log(
      `| ${name} | ${ms.toFixed(3)} | ${((100 * ms) / run).toFixed(1)} % | ${(calls / runs.length).toFixed(0)} |`,
    );
  }
}

function readEvents(at: number): ProfileEvent[] {
  const file = readdirSync(folder).find(name => name.startsWith(prefixOf(at)))!;
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[];
}
