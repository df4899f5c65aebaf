import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../../../src/nn/graph/graph.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import { constantMemory, peakMemory } from '../../../src/nn/memory/graphMemory.ts';
import { matrixOperations } from '../../../src/nn/memory/matrixOperations.ts';

/** x [N, 8] → silu(x W) W', with W [8, 16] and W' [16, 4] constant. */
function twoProducts(): Graph {
  const g = new Graph();
  const x = g.input('x', 'float32', ['N', 8]);
  const w = g.constant(new Float32Array(8 * 16).fill(1), [8, 16]);
  const w2 = g.constant(new Float32Array(16 * 4).fill(1), [4, 16]);
  const hidden = op.silu(g, op.gemm(g, x, w));
  g.output('y', op.gemm(g, hidden, op.neg(g, w2), { transB: true }));
  return g;
}

test('operations of products: two for each multiply-add, by the sizes of a run', () => {
  const operations = matrixOperations(twoProducts());
  assert.equal(operations({ B: 2, T: 3 }), 2 * 6 * (8 * 16 + 16 * 4));
  const g = new Graph();
  const q = g.input('q', 'float32', ['B', '3T', 4]);
  const k = g.input('k', 'float32', ['B', 'T', 4]);
  g.output('scores', op.matmul(g, q, k, { transB: true }));
  assert.equal(matrixOperations(g)({ B: 2, T: 5 }), 2 * 2 * 15 * 5 * 4);
});

test('memory of a run: what is needed at one time, written over where an operator can', () => {
  const hidden = 4 * 6 * 16;
  const y = 4 * 6 * 4;
  // silu beside the product; then the second product in place of the first.
  assert.equal(peakMemory(twoProducts(), { B: 2, T: 3 }), 2 * hidden);
  const g = new Graph();
  const x = g.input('x', 'float32', ['B', 'T', 4]);
  g.output('sums', op.reduceSum(g, op.softmax(g, op.mul(g, x, x)), [2]));
  assert.equal(peakMemory(g, { B: 2, T: 3 }), y + 4 * 6);
});

test('memory of a run: a constant in another shape takes none', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['B', 3]);
  const weight = op.reshape(g, g.constant(new Float32Array(300), [100, 3]), [3, 100]);
  // Otherwise the runtime would reshape it before any run.
  g.nodes.at(-1)!.inputs[1] = g.node('Shape', [op.exp(g, x)], [{ type: 'int64', shape: [2] }])[0]!;
  g.output('y', op.matmul(g, x, weight));
  assert.equal(peakMemory(g, { B: 2 }), 4 * 2 * 100);
});

test('constants: those that the runtime computes when it compiles are held, not what they come from', () => {
  assert.equal(constantMemory(twoProducts()), 4 * (8 * 16 + 16 * 4));
});

test('a size that is not given is named', () => {
  assert.throws(() => peakMemory(twoProducts(), { B: 2 }), { message: /'T'/ });
});
