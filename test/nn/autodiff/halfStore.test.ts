import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floats } from '../../../src/engine/runtime/session.ts';
import { gradients } from '../../../src/nn/autodiff/gradients.ts';
import { Graph, type Node, type Value } from '../../../src/nn/graph/graph.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import { executionOrder } from '../../../src/nn/memory/executionOrder.ts';
import { peakMemory } from '../../../src/nn/memory/graphMemory.ts';
import { floatToHalf, halfToFloat } from '../../../src/nn/tensor/half.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assertClose, assertSameBits } from '../../support/assertClose.ts';
import { runGraph } from '../../support/runGraph.ts';

const random = new Random(1);
const data = (rows: number, columns: number) =>
  floats(
    Float32Array.from({ length: rows * columns }, () => random.normal()),
    [rows, columns],
  );
const rounded = (x: number) => halfToFloat(floatToHalf(x));
const sumOfSquares = (g: Graph, x: Value) => op.reduceSum(g, op.mul(g, x, x), [0, 1], false);
const hasRows = (v: Value) => v.shape[0] === 'N';

/** An input of N rows with four numbers each. */
function input(g: Graph): Value {
  const x = g.input('x', 'float32', ['N', 4]);
  g.defineSize('N', g.node('Shape', [x], [{ type: 'int64', shape: [1] }], { start: 0, end: 1 })[0]!);
  return x;
}

/** Blocks x ← x + silu(x W) ⊙ σ(x W) over N rows, with the gradient of Σ x² for each W. */
function blocks(o: { halves: boolean; recompute?: boolean; count?: number }) {
  const g = new Graph();
  const weights = Array.from({ length: o.count ?? 3 }, (_, i) => g.input(`w${i}`, 'float32', [4, 4]));
  let x = input(g);
  const ends = [x];
  for (const w of weights) {
    const y = op.gemm(g, x, w);
    x = op.add(g, x, op.mul(g, op.silu(g, y), op.sigmoid(g, y)));
    ends.push(x);
  }
  const segments = o.recompute ? ends.slice(1).map((to, i) => ({ from: ends[i]!, to })) : [];
  const loss = sumOfSquares(g, x);
  g.output('loss', loss);
  const isStoredInHalf = o.halves ? hasRows : undefined;
  for (const [i, dw] of gradients(g, loss, weights, { segments, isStoredInHalf }).entries()) g.output(`dw${i}`, dw);
  return g;
}

const count = (g: Graph, is: (n: Node) => boolean) => g.nodes.filter(is).length;
const narrows = (n: Node) => n.op === 'Cast' && n.outputs[0]!.type === 'float16';
const widens = (n: Node) => n.op === 'Cast' && n.inputs[0]!.type === 'float16';

for (const recompute of [false, true])
  test(`the loss has its bits, gradients are of activations in halves${recompute ? ', computed again' : ''}`, async () => {
    const feeds = { x: data(3, 4), w0: data(4, 4), w1: data(4, 4), w2: data(4, 4) };
    const g = blocks({ halves: true, recompute });
    const [expected, found] = [await runGraph(blocks({ halves: false }), feeds), await runGraph(g, feeds)];
    assertSameBits(found.loss!, expected.loss!);
    for (const name of ['dw0', 'dw1', 'dw2']) {
      const largest = Math.max(...expected[name]!.map(Math.abs));
      assertClose(
        found[name]!.map(v => v / largest),
        expected[name]!.map(v => v / largest),
        2e-3,
        name,
      );
      assert.notDeepEqual(found[name], expected[name], `${name} comes from halves`);
    }
    // Of three blocks: y, silu(y), σ(y) and the sum; where they are computed again, the sums that blocks start from.
    const stored = recompute ? 2 + 1 : 4 * 3;
    assert.equal(count(g, narrows), stored);
    assert.equal(count(g, widens), stored);
  });

test('a gradient is that of the rounded value to the bit, and ends where halves end', async () => {
  const g = new Graph();
  const w = g.input('w', 'float32', [1, 4]);
  const y = op.mul(g, input(g), w);
  const loss = sumOfSquares(g, y);
  g.output('dw', gradients(g, loss, [w], { isStoredInHalf: hasRows })[0]!);
  const [ws, x] = [Float32Array.of(0.1, 1e6, -1e6, 1e-9), 1];
  const { dw } = await runGraph(g, {
    w: floats(ws, [1, 4]),
    x: floats(new Float32Array(4).fill(x), [1, 4]),
  });
  assert.deepEqual([...dw!], [2 * rounded(ws[0]!), 2 * 65504, -2 * 65504, 0]);
});

test('results are stored when they are made, and widened when they are read: near half the memory', () => {
  const [wide, half] = [false, true].map(halves => blocks({ halves, count: 20 })) as [Graph, Graph];
  const order = executionOrder(half);
  const at = (is: (n: Node) => boolean) => order.flatMap((n, i) => (is(n) ? [i] : []));
  assert.ok(Math.max(...at(narrows)) < Math.min(...at(widens)), `${at(narrows)}; ${at(widens)}`);
  const sizes = { B: 10, T: 100 };
  const ratio = peakMemory(half, sizes) / peakMemory(wide, sizes);
  assert.ok(ratio > 0.5 && ratio < 0.6, `${ratio} of the memory`);
});

test('what is a view of something stored shares its copy; what no gradient reads is not stored', () => {
  const g = new Graph();
  const w = g.input('w', 'float32', [1, 4]);
  const y = op.mul(g, input(g), w);
  const view = op.reshape(g, y, ['N', 2, 2]);
  const both = op.add(g, op.mul(g, y, y), op.reshape(g, op.mul(g, view, view), ['N', 4]));
  gradients(g, op.reduceSum(g, both, [0, 1], false), [w], { isStoredInHalf: hasRows });
  assert.equal(count(g, narrows), 1);
});

test('what the scalar loss itself reads stays in F32', async () => {
  const g = new Graph();
  const w = g.input('w', 'float32', [1, 4]);
  const y = op.exp(g, op.mul(g, input(g), w));
  const loss = op.reduceSum(g, y, [0, 1], false);
  g.output('dw', gradients(g, loss, [w], { isStoredInHalf: hasRows })[0]!);
  const x = Float32Array.of(1, 2, 3, 4);
  const { dw } = await runGraph(g, { w: floats(new Float32Array(4), [1, 4]), x: floats(x, [1, 4]) });
  assert.deepEqual([...dw!], [...x]);
});
