import { inactiveExpertsCheck } from '../../src/engine/evaluation/inactiveExperts.ts';
import type { Weights } from '../../src/engine/runtime/adapterBank.ts';
import type { DeviceUse } from '../../src/engine/runtime/deviceUse.ts';
import { generate } from '../../src/engine/runtime/generate.ts';
import { createKvCache, type KvCache } from '../../src/engine/runtime/kvCache.ts';
import { allLogits, type Model } from '../../src/engine/runtime/model.ts';
import { openModel } from '../../src/engine/runtime/openModel.ts';
import { openTrainSessions, type TrainSessions } from '../../src/engine/training/trainBackend.ts';
import type { Base } from '../../src/experiment/base.ts';
import type { ExpertState } from '../../src/experiment/checkpoints.ts';
import type { Adapter } from '../../src/nn/lora/adapter.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { Random } from '../../src/nn/tensor/random.ts';
import { hyperVector } from '../../src/nn/train/adamw.ts';
import { assembleBatch, type BatchPart } from '../../src/nn/train/assembleBatch.ts';
import type { Device } from '../../src/protocol/device.ts';
import { generationSettings } from '../../src/recipe/schema.ts';
import { goldenBase, halfBase } from './goldenBase.ts';
import { sequenceExamples } from './sequenceExamples.ts';

/*
 * A program that computes the same on the CPU and on WebGPU, and prints one line of JSON for each case: the gaps. It runs
 * in a process of its own, whose environment names the Vulkan driver.
 */

const use = (device: Device): DeviceUse => ({
  device,
  halfFloats: false,
  failed(error) {
    throw error;
  },
});
const gap = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
};
const print = (name: string, result: unknown): void => console.log(JSON.stringify({ name, result }));

const base = await goldenBase('llama_tied');
const paths = linearLayers(base.config).map(l => l.path);

const experts = [
  { name: 'math', rank: 4, targets: paths, seed: 1, dropout: 0.1 },
  { name: 'code', rank: 2, targets: paths.filter(p => /[qv]_proj/.test(p)), seed: 2, dropout: 0 },
];
const settings = { learningRate: 1e-3, weightDecay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };

function openTraining(device: Device, from?: Map<string, ExpertState>): Promise<TrainSessions> {
  return openTrainSessions({ base, experts, accumulates: true, threads: 1, device, from });
}

/** Steps of two runs each, the first of which adds to the gradients alone. */
async function takeSteps(sessions: TrainSessions, steps: number[]) {
  const numbers: number[] = [];
  for (const step of steps) {
    const parts: BatchPart[] = experts.map((_, expert) => ({
      expert,
      scaling: 2,
      examples: sequenceExamples(2, 3 + step + expert),
      share: 0.5,
    }));
    numbers.push(...(await sessions.accumulate(assembleBatch(parts, 2), step)));
    const rates = new Map(experts.map(e => [e.name, hyperVector(settings, 1e-3, step)]));
    const { losses, norms } = await sessions.step(assembleBatch(parts.slice().reverse(), 2), step + 100, rates);
    numbers.push(...losses, ...norms.values());
  }
  return numbers;
}

async function statesOf(sessions: TrainSessions): Promise<Map<string, ExpertState>> {
  const states = new Map<string, ExpertState>();
  for (const { name } of experts) states.set(name, structuredClone(await sessions.state(name)));
  return states;
}

function stateGap(a: Map<string, ExpertState>, b: Map<string, ExpertState>): Record<string, number> {
  return Object.fromEntries(
    (['parameter', 'm', 'v', 'best'] as const).map(part => [
      part,
      Math.max(...experts.map(e => gap(a.get(e.name)![part], b.get(e.name)![part]))),
    ]),
  );
}

interface Trained {
  numbers: number[];
  /** Before the last step. */
  saved: Map<string, ExpertState>;
  states: Map<string, ExpertState>;
}
const trained = new Map<Device, Trained>();
for (const device of ['cpu', 'webgpu'] as const) {
  const sessions = await openTraining(device);
  const numbers = await takeSteps(sessions, [1, 2]);
  await sessions.keepBest('math');
  const saved = await statesOf(sessions);
  numbers.push(...(await takeSteps(sessions, [3])));
  const batch = assembleBatch([{ expert: 0, scaling: 2, examples: sequenceExamples(2, 9), share: 1 }], 2);
  numbers.push(...(await sessions.evaluate(batch)));
  trained.set(device, { numbers, saved, states: await statesOf(sessions) });
  await sessions.dispose();
}
const [cpu, webgpu] = [trained.get('cpu')!, trained.get('webgpu')!];
print('steps', { numbers: gap(cpu.numbers, webgpu.numbers), ...stateGap(cpu.states, webgpu.states) });

{
  // Compiling for a GPU in software takes long: the run that goes on is the one above, as it was before its last step.
  const rest = await openTraining('webgpu', webgpu.saved);
  await takeSteps(rest, [3]);
  const states = await statesOf(rest);
  print('resumed', { cpu: stateGap(cpu.states, states), webgpu: stateGap(webgpu.states, states) });
  await rest.dispose();
}

/** An expert with factors that are large enough to matter. */
function someAdapter(of: Base, name: string, rank: number): Adapter {
  const random = new Random(rank);
  const factor = (rows: number, cols: number) => ({
    rows,
    cols,
    data: Float32Array.from({ length: rows * cols }, () => (random.uint32() / 4294967296 - 0.5) * 0.3),
  });
  const modules = linearLayers(of.config).map(
    l => [l.path, { A: factor(rank, l.in), B: factor(l.out, rank), scaling: 2 }] as const,
  );
  return {
    name,
    config: { rank, alpha: 2 * rank, rslora: false, targetModules: ['q_proj'], dropout: 0, taskType: 'CAUSAL_LM' },
    modules: new Map(modules),
  };
}

async function openExperts(of: Base, device: Device) {
  const model = await openModel(of, 1, use(device));
  for (const [name, rank] of [
    ['a', 4],
    ['b', 2],
  ] as const)
    model.bank.load(someAdapter(of, name, rank));
  return model;
}

const mixed: Weights[] = [{ a: 1 }, { b: 1 }, {}, { a: 0.5, b: 0.5 }];
for (const name of ['llama_tied', 'qwen3_tied_headdim', 'gemma3_tied', 'phi3_longrope_partial', 'cohere2_tied']) {
  const of = await goldenBase(name);
  const [onCpu, onGpu] = [await openExperts(of, 'cpu'), await openExperts(of, 'webgpu')];
  const lengths = [9, 4, 1, 6];
  const caches = [onCpu, onGpu].map(() => createKvCache(of.config, 4, 16));
  const gaps: number[] = [];
  const both = async (tokens: number[][], past: number[]) => {
    const logits = [
      await onCpu.run(tokens, past, mixed, caches[0]!),
      await onGpu.run(tokens, past, mixed, caches[1]!),
    ] as const;
    gaps.push(gap(...logits));
  };
  await both(
    lengths.map((n, row) => Array.from({ length: n }, (_, t) => 3 + ((t * (row + 2)) % 80))),
    [0, 0, 0, 0],
  );
  for (let t = 0; t < 3; t++)
    await both(
      [[5], [6], [7], [8 + t]],
      lengths.map(n => n + t),
    );
  print(`mixed ${name}`, Math.max(...gaps));
  await onCpu.dispose();
  await onGpu.dispose();
}

{
  const gaps: number[] = [];
  const [onCpu, onGpu] = [await openExperts(base, 'cpu'), await openExperts(base, 'webgpu')];
  for (const model of [onCpu, onGpu]) model.bank.load({ ...someAdapter(base, 'c', 4), name: 'c' });
  const caches = [onCpu, onGpu].map(() => createKvCache(base.config, 2, 8));
  // In the order of the bank and in the other; each row reads its own factors.
  const orders: Weights[][] = [
    [{ a: 1 }, { c: 0.5 }],
    [{ c: 1 }, { a: 1 }],
  ];
  for (const [past, weights] of orders.entries()) {
    const run = (model: Model, cache: KvCache) => model.run([[5], [9]], [past, past], weights, cache);
    const gpu = await run(onGpu, caches[1]!);
    gaps.push(gap(await run(onCpu, caches[0]!), gpu));
  }
  print('own', Math.max(...gaps));
  await onCpu.dispose();
  await onGpu.dispose();
}

for (const dtype of ['F16', 'BF16'] as const) {
  const half = await halfBase('llama_tied', dtype);
  const logits: Float32Array[] = [];
  for (const device of ['cpu', 'webgpu'] as const) {
    const model = await openModel(half, 1, use(device));
    logits.push((await allLogits(model, [1, 5, 9, 20], {})).slice());
    await model.dispose();
  }
  print(dtype, gap(logits[0]!, logits[1]!));
}

{
  const answers: unknown[] = [];
  for (const device of ['cpu', 'webgpu'] as const) {
    const model = await openExperts(base, device);
    // Rows of different length, most of which end before the last, so that rows leave the cache.
    const rows = mixed.map((weights, i) => ({
      messages: [{ role: 'user' as const, content: 'abcdefgh'.slice(i) }],
      weights,
      settings: generationSettings.parse({ maxTokens: [3, 3, 12, 3][i] }),
    }));
    answers.push((await generate(model, rows)).answers);
    if (device === 'webgpu') print('gate zero', await inactiveExpertsCheck(model, [[1, 5, 9, 20]], 1));
    await model.dispose();
  }
  print('decode', answers);
}
