import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floats, int64s } from '../../../src/engine/runtime/session.ts';
import { gradients } from '../../../src/nn/autodiff/gradients.ts';
import { Graph, type Value } from '../../../src/nn/graph/graph.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { assertClose } from '../../support/assertClose.ts';
import { runGraph } from '../../support/runGraph.ts';

const sum = (g: Graph, x: Value) =>
  op.reduceSum(
    g,
    x,
    x.shape.map((_, i) => i),
    false,
  );

/** An operator without a gradient rule. */
const power = (g: Graph, x: Value, exponent: number) =>
  g.node('Pow', [x, g.scalar(exponent)], [{ type: 'float32', shape: x.shape }])[0]!;

test('an operator without a rule on the path is named', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [2]);
  const loss = sum(g, power(g, x, 2));
  assert.throws(
    () => gradients(g, loss, [x]),
    (e: WorkbenchError) => e.code === 'runtime' && e.message === 'autodiff: no gradient rule for operator Pow',
  );
});

test('an operator without a rule beside the path, or before the wanted value, does no harm', async () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [3]);
  const frozen = power(g, g.input('f', 'float32', [3]), 2);
  const start = power(g, x, 3);
  const loss = sum(g, op.mul(g, start, frozen));
  g.output('d', gradients(g, loss, [start])[0]!);
  const { d } = await runGraph(g, {
    x: floats(Float32Array.of(1, 2, 3), [3]),
    f: floats(Float32Array.of(1, 2, 3), [3]),
  });
  assert.deepEqual([...d!], [1, 4, 9]);
});

test('a wanted value that the loss does not depend on is named', () => {
  const g = new Graph();
  const [x, lonely] = [g.input('x', 'float32', [2]), g.input('lonely', 'float32', [2])];
  assert.throws(
    () => gradients(g, sum(g, x), [x, lonely]),
    (e: WorkbenchError) => e.code === 'runtime' && e.message === "autodiff: the loss does not depend on 'lonely'",
  );
});

test('contributions of several uses add up: d(x³ + 2x)/dx', async () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [2]);
  const loss = sum(g, op.add(g, op.mul(g, op.mul(g, x, x), x), op.add(g, x, x)));
  g.output('d', gradients(g, loss, [x])[0]!);
  const { d } = await runGraph(g, { x: floats(Float32Array.of(2, -1), [2]) });
  assertClose(d!, [14, 5], 1e-6);
});

test('a path to a frozen value is not walked: no node is added for it', () => {
  const build = (wantsWeight: boolean) => {
    const g = new Graph();
    const [x, w] = [g.input('x', 'float32', [4, 3]), g.input('w', 'float32', [3, 2])];
    const loss = sum(g, op.gemm(g, op.exp(g, x), w));
    const before = g.nodes.length;
    gradients(g, loss, wantsWeight ? [w] : [x]);
    return g.nodes.slice(before).filter(n => n.op === 'Gemm').length;
  };
  assert.equal(build(true), 1);
  assert.equal(build(false), 1);
});

test('sizes known only at run time: the gradient of a masked mean over N rows', async () => {
  const g = new Graph();
  const ids = g.input('ids', 'int64', ['N']);
  g.defineSize('N', g.node('Shape', [ids], [{ type: 'int64', shape: [1] }])[0]!);
  const table = g.input('table', 'float32', [4, 2]);
  const rows = op.gatherRows(g, table, ids);
  const flat = op.reshape(g, op.mul(g, rows, rows), ['N', 2]);
  g.output('d', gradients(g, sum(g, flat), [table])[0]!);
  const { d } = await runGraph(g, {
    ids: int64s([3, 1, 3], [3]),
    table: floats(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [4, 2]),
  });
  assert.deepEqual([...d!], [0, 0, 6, 8, 0, 0, 28, 32]);
});
