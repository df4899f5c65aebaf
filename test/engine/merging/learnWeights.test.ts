import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FittedPart } from '../../../src/engine/merging/fitRegmean.ts';
import { learnWeights } from '../../../src/engine/merging/learnWeights.ts';
import { openParameterSession } from '../../../src/engine/merging/parameterSession.ts';
import { createSession, floats, readFloats } from '../../../src/engine/runtime/session.ts';
import { lossFeeds, textFeeds } from '../../../src/engine/training/trainBackend.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { graphConfig } from '../../../src/experiment/base.ts';
import { stackFactors } from '../../../src/nn/merge/stackedFactors.ts';
import {
  buildWeightGradientGraph,
  buildWeightGraph,
  type WeightsPer,
  weightGroup,
  weightPlaces,
} from '../../../src/nn/merge/weightGraph.ts';
import { hyperNames, hyperVector } from '../../../src/nn/train/adamw.ts';
import { assembleBatch, type Batch, type EncodedExample } from '../../../src/nn/train/assembleBatch.ts';
import { groupSize } from '../../../src/nn/train/trainGraph.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { finiteDifferences } from '../../support/finiteDifferences.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { goldenJson, goldenPath } from '../../support/goldenFiles.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const gold = goldenJson('gates/learned/golden.json');

const examplesOf = ({ input_ids, attention_mask, labels }: (typeof gold)['batches'][number]): EncodedExample[] =>
  input_ids.map((ids: number[], row: number) => {
    const length = attention_mask[row].reduce((a: number, b: number) => a + b);
    return { ids: Int32Array.from(ids.slice(0, length)), labels: Int32Array.from(labels[row].slice(0, length)) };
  });

const batches: Batch[] = gold.batches.map((b: never) =>
  assembleBatch([{ expert: 0, scaling: 1, examples: examplesOf(b), share: 1 }], 1),
);

async function open() {
  const base = await goldenBase('llama_tied');
  const adapters = await Promise.all([
    readAdapter(goldenPath('train/llama_all/adapter'), 'a'),
    readAdapter(goldenPath('train/llama_domain_b/adapter'), 'b'),
  ]);
  const layers = stackFactors(adapters);
  const options = (per: WeightsPer) => ({
    config: graphConfig(base),
    tensors: base.tensors,
    layers,
    per,
    losses: 1,
  });
  const session = (per: WeightsPer, start: Float32Array) =>
    openParameterSession({
      base,
      graph: buildWeightGraph(options(per)),
      group: weightGroup(options(per)),
      start,
      threads: 1,
    });
  /** Each expert's weight, in the order of the flat vector. */
  const flat = (per: WeightsPer, [a, b]: [number, number]) =>
    Float32Array.from(
      weightGroup(options(per)).tensors.flatMap(({ name, shape }) => {
        const { owners } = layers.get(name)!;
        const places = weightPlaces(layers.get(name)!, per);
        return Array.from({ length: shape[1]! }, (_, i) => (owners[places.indexOf(i)] === 0 ? a : b));
      }),
    );
  return { base, adapters, layers, options, flat, session };
}

test('a weight for each expert, layer and module: the losses and gradients of PEFT with its scaling as a gate', async () => {
  const { layers, options, flat, session } = await open();
  const { tensors } = weightGroup(options('module'));
  for (const { g_a, g_b, loss, gradient } of gold.points) {
    const expected = tensors.flatMap(({ name }) => [gradient[`${name}.a`], gradient[`${name}.b`]]);
    for (const per of ['module', 'direction'] as const) {
      const opened = await session(per, flat(per, [g_a, g_b]));
      const still = new Float32Array(hyperNames.length).fill(1);
      const { losses, out } = await opened.step(batches[gold.gradient_points_use_batch]!, still);
      const gradients = readFloats(out['weights.gradient']!);
      assertClose(losses, [loss], 5e-5, 'loss');
      let at = 0;
      // The gradient of an expert's weight is the sum over its directions.
      const found = tensors.flatMap(({ name }) => {
        const own = layers.get(name)!;
        const places = weightPlaces(own, per);
        const sums = [0, 0];
        const seen = new Set<number>();
        for (const [direction, place] of places.entries()) {
          if (seen.has(place)) continue;
          seen.add(place);
          sums[own.owners[direction]!]! += gradients[at + place]!;
        }
        at += seen.size;
        return sums;
      });
      assertClose(found, expected, 1e-5, `gradients per ${per} at ${g_a}, ${g_b}`);
      await opened.dispose();
    }
  }
});

test('a weight for each expert: the gradient is the sum of those of the layers, without an update too', async () => {
  const { base, options } = await open();
  const session = await createSession(buildWeightGradientGraph(options('expert')), { folder: base.folder, threads: 1 });
  const { tensors } = weightGroup(options('module'));
  for (const { g_a, g_b, loss, gradient } of gold.points) {
    const batch = batches[gold.gradient_points_use_batch]!;
    const weights = floats(Float32Array.of(g_a, g_b), [2]);
    const out = await session.run({ ...textFeeds(batch, base.config), ...lossFeeds(batch), weights });
    const sumOf = (of: string) => tensors.reduce((sum, { name }) => sum + (gradient[`${name}.${of}`] ?? 0), 0);
    assertClose(readFloats(out.losses!), [loss], 5e-5, 'loss');
    assertClose(readFloats(out['weights.gradient']!), [sumOf('a'), sumOf('b')], 2e-5, `gradients at ${g_a}, ${g_b}`);
  }
  await session.dispose();
});

test('ten steps of AdamW end in the weights of torch', async () => {
  const { flat, options, session } = await open();
  const { optimizer, start, losses, final_gates } = gold.training;
  const opened = await session('module', flat('module', start));
  const settings = {
    learningRate: optimizer.lr,
    weightDecay: optimizer.weight_decay,
    beta1: optimizer.betas[0],
    beta2: optimizer.betas[1],
    epsilon: optimizer.eps,
    maxNorm: 0,
  };
  for (const [i, loss] of losses.entries()) {
    const found = await opened.step(batches[i % batches.length]!, hyperVector(settings, optimizer.lr, i + 1));
    assertClose(found.losses, [loss], 5e-5, `loss of step ${i + 1}`);
  }
  const { tensors } = weightGroup(options('module'));
  const expected = tensors.flatMap(({ name }) => [final_gates[`${name}.a`], final_gates[`${name}.b`]]);
  assertClose(opened.state().parameter, expected, 1e-5, 'final weights');
  await opened.dispose();
});

test('a weight for each direction: gradients agree with finite differences', async () => {
  const { base, options } = await open();
  const graph = buildWeightGraph(options('direction'));
  const session = await createSession(graph, { folder: base.folder, threads: 1 });
  const size = groupSize(weightGroup(options('direction')));
  const weights = Float32Array.from({ length: size }, (_, i) => 0.3 + 0.4 * Math.sin(i));
  const zeros = new Float32Array(size);
  const run = (x: Float32Array) =>
    session.run({
      ...textFeeds(batches[1]!, base.config),
      ...lossFeeds(batches[1]!),
      weights: floats(x, [size]),
      'weights.m': floats(zeros, [size]),
      'weights.v': floats(zeros, [size]),
      'weights.hyper': floats(new Float32Array(hyperNames.length).fill(1), [hyperNames.length]),
    });
  const found = readFloats((await run(weights))['weights.gradient']!).slice();
  // Some of each layer: a step of 0.1 keeps the rounding of single floats small.
  const places = Array.from({ length: Math.floor(size / 7) }, (_, i) => 7 * i);
  const chosen = Float32Array.from(places, i => weights[i]!);
  const expected = await finiteDifferences(chosen, 0.1, async () => {
    const x = weights.slice();
    for (const [k, place] of places.entries()) x[place] = chosen[k]!;
    return readFloats((await run(x)).losses!)[0]!;
  });
  assertClose(
    Float64Array.from(places, i => found[i]!),
    expected,
    1e-4,
    'gradients',
  );
  await session.dispose();
});

test('what is learned lowers the loss, is the exact sum of the weighted experts, to the same bits; it can be cancelled', async () => {
  const { base, adapters } = await open();
  const parts = adapters.map((adapter, i): FittedPart => {
    const rows = gold.batches.flatMap((b: never) => examplesOf(b).slice(2 * i, 2 * i + 2));
    return { adapter, weight: 1, examples: rows };
  });
  const learn = (per: WeightsPer, watch = {}) =>
    learnWeights({ base, parts, per, epochs: 4, seed: 1 }, { threads: 1, watch });
  const [first, second] = [await learn('direction'), await learn('direction')];
  assert.ok(first.fit.loss! < first.fit.firstLoss!, JSON.stringify(first.fit));
  assert.equal(first.adapter.config.rank, adapters[0]!.config.rank + adapters[1]!.config.rank);
  for (const [path, { A, B }] of first.adapter.modules) {
    assertSameBits(second.adapter.modules.get(path)!.B.data, B.data, path);
    assertSameBits(
      A.data.subarray(0, adapters[0]!.modules.get(path)!.A.data.length),
      adapters[0]!.modules.get(path)!.A.data,
    );
  }
  assert.ok((await learn('module')).fit.loss! < first.fit.firstLoss!);
  const overall = await learn('expert');
  assert.ok(overall.fit.loss! < first.fit.firstLoss!);
  // One factor for all that an expert adds, in every layer.
  const factors = [...overall.adapter.modules].map(([path, { B }]) => {
    const own = adapters[0]!.modules.get(path)!;
    const at = own.B.data.findIndex(x => Math.abs(x) > 1e-3);
    const place = Math.floor(at / own.B.cols) * B.cols + (at % own.B.cols);
    return B.data[place]! / (own.scaling * own.B.data[at]!);
  });
  assertClose(factors, new Array(factors.length).fill(factors[0]), 1e-5, 'factors of an expert');
  const stop = new AbortController();
  await assert.rejects(
    learn('module', { signal: stop.signal, progress: () => stop.abort(new Error('enough')) }),
    /enough/,
  );
});

test('a fit that was stopped goes on to the same bits; another one begins anew', async () => {
  const { base, adapters } = await open();
  const parts = adapters.map((adapter, i): FittedPart => {
    const rows = gold.batches.flatMap((b: never) => examplesOf(b).slice(2 * i, 2 * i + 2));
    return { adapter, weight: 1, examples: rows };
  });
  const place = { path: join(temporaryFolder(), 'merge~both.safetensors'), of: 'base and adapters' };
  const options = { base, parts, per: 'direction' as const, epochs: 9, seed: 1 };
  const taken: number[] = [];
  const run = (stopAfter?: number, changes = {}) => {
    const stop = new AbortController();
    const progress = (step: number) => {
      taken.push(step);
      if (step === stopAfter) stop.abort(new Error('enough'));
    };
    return learnWeights({ ...options, ...changes }, { threads: 1, watch: { signal: stop.signal, progress }, place });
  };
  const whole = await learnWeights(options, { threads: 1, watch: {} });
  const steps = Math.max(1, Math.ceil(parts.flatMap(({ examples }) => examples).length / 16)) * 9;
  await assert.rejects(run(3), /enough/);
  await assert.rejects(run(5), /enough/);
  const resumed = await run();
  assert.deepEqual(
    taken,
    Array.from({ length: steps }, (_, i) => i + 1),
  );
  for (const [path, { B }] of whole.adapter.modules)
    assertSameBits(resumed.adapter.modules.get(path)!.B.data, B.data, path);
  assert.deepEqual([resumed.fit.firstLoss, resumed.fit.loss], [whole.fit.firstLoss, whole.fit.loss]);
  // What is done is not done again; other settings are another fit.
  taken.length = 0;
  await run();
  assert.deepEqual(taken, []);
  await run(undefined, { seed: 2 });
  assert.equal(taken[0], 1);
});
