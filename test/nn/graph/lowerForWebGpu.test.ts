import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floats } from '../../../src/engine/runtime/session.ts';
import { Graph, type Value } from '../../../src/nn/graph/graph.ts';
import { lowerForWebGpu } from '../../../src/nn/graph/lowerForWebGpu.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import { externalWeights } from '../../../src/nn/model/baseWeights.ts';
import type { BaseConfig } from '../../../src/nn/model/config.ts';
import { buildInferenceGraph } from '../../../src/nn/model/inferenceGraph.ts';
import { linearLayers } from '../../../src/nn/model/layout.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { buildTrainGraph } from '../../../src/nn/train/trainGraph.ts';
import { assertClose } from '../../support/assertClose.ts';
import { goldenBase } from '../../support/goldenBase.ts';
import { runGraph } from '../../support/runGraph.ts';

/** Graphs of x [3, 4, 5] whose results must not change. */
const cases: Record<string, (g: Graph, x: Value) => Value> = {
  'A·Bᵀ, scaled': (g, x) => op.matmul(g, x, x, { transB: true, alpha: 0.3 }),
  Aᵀ·B: (g, x) => op.matmul(g, x, x, { transA: true }),
  'log softmax': (g, x) => op.logSoftmax(g, op.mul(g, x, g.scalar(40))),
  'zeros with updates': (g, x) => {
    const rows = op.reshape(g, x, [12, 5]);
    return op.scatterRows(g, [20, 5], g.ints([1, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 19]), rows);
  },
  'rows of a weight in half floats': (g, x) => {
    const half: Value = { name: 'half', type: 'float16', shape: [3, 5] };
    const bytes = new Uint8Array(Uint16Array.from({ length: 15 }, (_, i) => 0x3c00 + i * 37).buffer);
    g.initializers.push({ value: half, data: { bytes } });
    const rows = op.gatherWeightRows(g, op.cast(g, half, 'float32'), g.ints([2, 0, 1, 2]));
    return op.mul(g, x, rows);
  },
  'many pieces': (g, x) => {
    const pieces = op.split(g, op.reshape(g, x, [60]), [6, 4, 10, 5, 5, 5, 5, 5, 15], 0);
    return op.concat(g, [...pieces].reverse(), 0);
  },
};

for (const [name, build] of Object.entries(cases))
  test(`${name}: the same numbers to 1e-6`, async () => {
    const g = new Graph();
    g.output('y', build(g, g.input('x', 'float32', [3, 4, 5])));
    const lowered = lowerForWebGpu(g);
    assert.notDeepEqual(
      lowered.nodes.map(n => n.op),
      g.nodes.map(n => n.op),
    );
    const random = new Random(1);
    const x = floats(
      Float32Array.from({ length: 60 }, () => random.uint32() / 4294967296 - 0.5),
      [3, 4, 5],
    );
    assertClose((await runGraph(lowered, { x })).y!, (await runGraph(g, { x })).y!, 1e-6);
  });

test('attention with capped scores, which WebGPU would compute without the cap, is refused', async () => {
  const base = await goldenBase('gemma2_tied');
  const graphOf = (config: BaseConfig) =>
    buildInferenceGraph(config, base.tensors, { adapted: false, wholeCaches: true });
  assert.throws(() => lowerForWebGpu(graphOf(base.config)), /capped scores/);
  lowerForWebGpu(graphOf({ ...base.config, factors: { ...base.config.factors, attentionCap: undefined } }));
});

test('a training step keeps no operator that WebGPU lacks, and no kernel with more than eight buffers', async () => {
  const base = await goldenBase('llama_tied');
  const g = buildTrainGraph({
    config: base.config,
    experts: [{ name: 'e', rank: 2, targets: linearLayers(base.config).map(l => l.path) }],
    weights: graph => externalWeights(graph, base.tensors),
    phase: 'step',
    dropout: false,
  });
  const { nodes } = lowerForWebGpu(g);
  // Seen to be placed on the CPU by onnxruntime 1.30.
  const lacking = new Set(['FusedMatMul', 'LogSoftmax', 'ConstantOfShape']);
  assert.deepEqual(
    nodes.filter(n => lacking.has(n.op)).map(n => n.op),
    [],
  );
  assert.ok(nodes.every(n => n.op !== 'Split' || n.outputs.length <= 7));
});
