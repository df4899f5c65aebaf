import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floats } from '../../../src/engine/runtime/session.ts';
import { gradients } from '../../../src/nn/autodiff/gradients.ts';
import { Graph } from '../../../src/nn/graph/graph.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assertClose } from '../../support/assertClose.ts';
import { runGraph } from '../../support/runGraph.ts';

/** Three blocks x ← x + silu(x W) ⊙ σ(x W), with the gradient of Σ x² for each W. */
function blocks(recompute: boolean) {
  const g = new Graph();
  const weights = [0, 1, 2].map(i => g.input(`w${i}`, 'float32', [4, 4]));
  let x = g.input('x', 'float32', [3, 4]);
  const ends = [x];
  for (const w of weights) {
    const y = op.gemm(g, x, w);
    x = op.add(g, x, op.mul(g, op.silu(g, y), op.sigmoid(g, y)));
    ends.push(x);
  }
  const segments = recompute ? ends.slice(1).map((to, i) => ({ from: ends[i]!, to })) : [];
  const loss = op.reduceSum(g, op.mul(g, x, x), [0, 1], false);
  for (const [i, dw] of gradients(g, loss, weights, { segments }).entries()) g.output(`dw${i}`, dw);
  return g;
}

test('segments that are computed again give the same gradients, from other nodes', async () => {
  const random = new Random(1);
  const data = (rows: number) =>
    floats(
      Float32Array.from({ length: rows * 4 }, () => random.normal()),
      [rows, 4],
    );
  const feeds = { x: data(3), w0: data(4), w1: data(4), w2: data(4) };
  const [kept, again] = [blocks(false), blocks(true)];
  const [expected, found] = [await runGraph(kept, feeds), await runGraph(again, feeds)];
  for (const name of ['dw0', 'dw1', 'dw2']) assertClose(found[name]!, expected[name]!, 1e-6, name);
  const count = (g: Graph, name: string) =>
    g.nodes.filter(n => n.op === name && n.outputs[0]!.type === 'float32').length;
  assert.equal(count(again, 'Gemm'), count(kept, 'Gemm') + 3);
  // What comes after a block's silu and sigmoid serves the next block alone, which starts from what was kept.
  assert.equal(count(again, 'QuickGelu'), count(kept, 'QuickGelu') + 3);
  assert.deepEqual([count(again, 'Add'), count(again, 'Mul')], [count(kept, 'Add'), count(kept, 'Mul')]);
});

test('of the nodes of a segment, those that lead to nothing wanted are not copied', () => {
  const g = new Graph();
  const w = g.input('w', 'float32', [2]);
  const x = g.input('x', 'float32', [2]);
  const constant = op.exp(g, x);
  const y = op.mul(g, constant, w);
  const end = op.mul(g, y, y);
  gradients(g, op.reduceSum(g, end, [0], false), [w], { segments: [{ from: x, to: end }] });
  assert.equal(g.nodes.filter(n => n.op === 'Exp').length, 1);
});
