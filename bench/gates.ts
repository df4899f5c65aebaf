/**
 * What loaded, active and blended experts cost while decoding, against the base alone and against their share of the
 * floating-point operations, in the same run and in turns.
 *
 *   node --import tsx bench/gates.ts [RUN_FOLDER_WITH_ADAPTERS] [THREADS]
 */

import { buildInferenceGraph } from '../src/core/model/inferenceGraph.ts';
import { linearLayers } from '../src/core/model/layout.ts';
import { createAdapterBank, type Weights } from '../src/engine/adapterBank.ts';
import { readAdapter } from '../src/engine/adapterFiles.ts';
import { createKvCache } from '../src/engine/kvCache.ts';
import { loadBase } from '../src/engine/loadBase.ts';
import { type Model, modelOver, openModel } from '../src/engine/model.ts';
import { createSession } from '../src/engine/session.ts';

const [run = 'examples/experts/runs/experts', threads = '2'] = process.argv.slice(2);
const base = await loadBase('media/base');
const model = await openModel(base, Number(threads));
const session = await createSession(buildInferenceGraph(base.config, base.tensors, new Set()), {
  folder: base.folder,
  threads: Number(threads),
});
const alone = modelOver(base, session, createAdapterBank([]));
const names = ['math', 'code', 'qa'];
for (const name of names) model.bank.load(await readAdapter(`${run}/adapters/${name}`, name));

const cases: { name: string; model: Model; weights: Weights; active: number }[] = [
  { name: 'base alone, no adapters in the graph', model: alone, weights: {}, active: 0 },
  { name: 'three loaded, none active', model, weights: {}, active: 0 },
  { name: 'three loaded, one active', model, weights: { code: 1 }, active: 1 },
  { name: 'blend of all three', model, weights: { math: 0.4, code: 0.5, qa: 0.1 }, active: 3 },
];
const rank = 16;
const layers = linearLayers(base.config);
const baseOperations = layers.reduce((sum, l) => sum + l.in * l.out, 0) + base.config.vocab * base.config.dim;
const expertOperations = layers.reduce((sum, l) => sum + rank * (l.in + l.out), 0);

const prompt = Array.from({ length: 16 }, (_, i) => 100 + i);
const steps = 100;
const times = cases.map((): number[] => []);
for (let round = 0; round < 12; round++)
  for (const [i, c] of cases.entries()) {
    const cache = createKvCache(base.config, 1, prompt.length + steps);
    await c.model.run([prompt], [0], [c.weights], cache);
    const started = performance.now();
    for (let t = 0; t < steps; t++) await c.model.run([[200]], [prompt.length + t], [c.weights], cache);
    // The first round warms caches up.
    if (round > 0) times[i]!.push((performance.now() - started) / steps);
  }
const median = (xs: number[]) => [...xs].sort((a, b) => a - b)[xs.length >> 1]!;
const reference = median(times[0]!);
console.log('ms a token, its ratio to the base alone, the ratio of floating-point operations');
for (const [i, c] of cases.entries()) {
  const own = median(times[i]!);
  const operations = 1 + (c.active * expertOperations) / baseOperations;
  console.log(`${c.name.padEnd(38)} ${own.toFixed(3)} ms  ${(own / reference).toFixed(3)}  ${operations.toFixed(3)}`);
}
await model.dispose();
await session.dispose();
