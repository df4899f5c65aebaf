import assert from 'node:assert/strict';
import { test } from 'node:test';
import onnxProto from 'onnx-proto';
import { floats, int64s } from '../../../src/engine/runtime/session.ts';
import { encodeModel } from '../../../src/nn/graph/encodeModel.ts';
import { type Dim, Graph, type Value } from '../../../src/nn/graph/graph.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import type { WorkbenchError } from '../../../src/protocol/errors.ts';
import { assertClose } from '../../support/assertClose.ts';
import { runGraph } from '../../support/runGraph.ts';

const fails = (text: string) => (e: WorkbenchError) => e.code === 'runtime' && e.message.includes(text);

test('shapes broadcast as in ONNX, and a clash names the operator and both shapes', () => {
  const table: [Dim[], Dim[], Dim[]][] = [
    [[3, 4], [4], [3, 4]],
    [[], [2, 3], [2, 3]],
    [
      [3, 1],
      [1, 4],
      [3, 4],
    ],
    [['N', 1], [8], ['N', 8]],
    [
      ['B', 'T', 1],
      ['T', 1],
      ['B', 'T', 1],
    ],
  ];
  for (const [a, b, expected] of table) {
    assert.deepEqual(op.broadcast('Add', a, b), expected);
    assert.deepEqual(op.broadcast('Add', b, a), expected);
  }
  assert.throws(() => op.broadcast('Mul', [3, 4], [3]), fails('Mul: shapes [3,4] and [3] do not broadcast'));
  assert.throws(() => op.broadcast('Add', ['N'], ['M']), fails('Add: shapes [N] and [M]'));
});

test('matrix products of shapes that do not fit name both', () => {
  const g = new Graph();
  const [a, b] = [g.input('a', 'float32', [2, 3]), g.input('b', 'float32', [2, 3])];
  assert.throws(() => op.gemm(g, a, b), fails('gemm: shapes [2,3] and [2,3]'));
  assert.throws(() => op.matmul(g, a, b), fails('matmul: shapes [2,3] and [2,3]'));
  assert.deepEqual(op.gemm(g, a, b, { transB: true }).shape, [2, 2]);
  assert.deepEqual(op.matmul(g, a, b, { transA: true }).shape, [3, 3]);
});

test('equal constants are stored once; other types, shapes and values are not mixed up', () => {
  const g = new Graph();
  assert.equal(g.scalar(2), g.scalar(2));
  assert.equal(g.ints([1, 2]), g.ints([1, 2]));
  const others = [
    g.scalar(2),
    g.scalar(3),
    g.constant(Float32Array.of(2), [1]),
    g.constant(Int32Array.of(2), []),
    g.ints([2]),
    g.scalar(-0),
    g.scalar(0),
  ];
  assert.equal(new Set(others).size, others.length);
});

test('a constant keeps what it was given, though the array changes later', async () => {
  const g = new Graph();
  const data = new Float32Array(100).fill(1);
  g.output('y', op.add(g, g.constant(data, [100]), g.input('x', 'float32', [100])));
  data.fill(5);
  const { y } = await runGraph(g, { x: floats(new Float32Array(100), [100]) });
  assert.deepEqual([...y!], Array(100).fill(1));
});

test('a size that nothing defines is named', () => {
  const g = new Graph();
  assert.throws(() => g.shapeValue(['N', 3]), fails("the size 'N' is not defined"));
});

test('an attribute that is no integer is named', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [2]);
  g.output('y', g.node('Softmax', [x], [{ type: 'float32', shape: [2] }], { axis: 0.5 })[0]!);
  assert.throws(() => encodeModel(g), fails("attribute 'axis' wants an integer, got 0.5"));
});

test('reshapes with two run-time sizes work, also where one of them is zero', async () => {
  for (const rows of [3, 0]) {
    const g = new Graph();
    const x = g.input('x', 'float32', ['B', 'R', 2]);
    for (const [i, name] of ['B', 'R'].entries())
      g.defineSize(name, g.node('Shape', [x], [{ type: 'int64', shape: [1] }], { start: i, end: i + 1 })[0]!);
    g.output('y', op.reshape(g, x, ['R', 2, 'B']));
    const { y } = await runGraph(g, { x: floats(new Float32Array(rows * 4).fill(7), [2, rows, 2]) });
    assert.equal(y!.length, rows * 4);
  }
});

test('a graph that the runtime refuses, and a run it refuses, speak in its words', async () => {
  const g = new Graph();
  const x = g.input('x', 'float32', [2]);
  g.output('y', g.node('NoSuchOperator', [x], [{ type: 'float32', shape: [2] }])[0]!);
  await assert.rejects(runGraph(g, {}), fails('NoSuchOperator'));
  const fine = new Graph();
  fine.output('y', op.exp(fine, fine.input('x', 'float32', [2])));
  await assert.rejects(
    runGraph(fine, { x: floats(new Float32Array(3), [3]) }),
    fails('onnxruntime could not run the graph'),
  );
});

/** Builds y from x and compares it with numbers worked out by hand. */
function check(
  name: string,
  x: [number[], number[]],
  build: (g: Graph, x: Value) => Value,
  shape: number[],
  expected: number[],
): void {
  test(name, async () => {
    const g = new Graph();
    const y = build(g, g.input('x', 'float32', x[0]));
    assert.deepEqual(y.shape, shape);
    g.output('y', y);
    assertClose((await runGraph(g, { x: floats(Float32Array.from(x[1]), x[0]) })).y!, expected, 1e-6);
  });
}

const matrix: [number[], number[]] = [
  [2, 3],
  [1, 2, 3, 4, 5, 6],
];
check('sum over rows', matrix, (g, x) => op.reduceSum(g, x, [0]), [1, 3], [5, 7, 9]);
check('sum over columns, axis dropped', matrix, (g, x) => op.reduceSum(g, x, [-1], false), [2], [6, 15]);
check('sum of squares', matrix, (g, x) => op.reduceSumSquare(g, x, [0, 1], false), [], [91]);
check('transpose', matrix, (g, x) => op.transpose(g, x, [1, 0]), [3, 2], [1, 4, 2, 5, 3, 6]);
check('rows by number', matrix, (g, x) => op.gatherRows(g, x, g.ints([1, 1])), [2, 3], [4, 5, 6, 4, 5, 6]);
check('columns by number', matrix, (g, x) => op.gatherColumns(g, x, [2, 0]), [2, 2], [3, 1, 6, 4]);
check('one entry a row', matrix, (g, x) => op.pick(g, x, g.ints([2, 0])), [2, 1], [3, 4]);
check(
  'rows scattered, the same row twice',
  matrix,
  (g, x) => op.scatterRows(g, [4, 3], g.ints([2, 2]), x),
  [4, 3],
  [0, 0, 0, 0, 0, 0, 5, 7, 9, 0, 0, 0],
);
check(
  'cut and joined in another order',
  matrix,
  (g, x) => op.concat(g, op.split(g, x, [1, 2], 1).toReversed(), 1),
  [2, 3],
  [2, 3, 1, 5, 6, 4],
);
check('summed to a broadcast shape', matrix, (g, x) => op.sumTo(g, x, [2, 1]), [2, 1], [6, 15]);
check('summed to fewer axes', matrix, (g, x) => op.sumTo(g, x, [3]), [3], [5, 7, 9]);
check(
  'softmax',
  [
    [1, 2],
    [0, Math.log(3)],
  ],
  op.softmax,
  [1, 2],
  [0.25, 0.75],
);
check('silu', [[3], [0, 1, -2]], op.silu, [3], [0, 1 / (1 + Math.exp(-1)), -2 / (1 + Math.exp(2))]);
check(
  'rms norm',
  [
    [1, 2],
    [3, 4],
  ],
  (g, x) => op.rmsNorm(g, x, g.constant(Float32Array.of(1, 2), [2]), 0),
  [1, 2],
  [3 / Math.sqrt(12.5), 8 / Math.sqrt(12.5)],
);
check(
  'rotary turns halves against each other',
  [
    [1, 2, 4],
    [1, 2, 3, 4, 1, 2, 3, 4],
  ],
  (g, x) => {
    const table = (values: number[]) => g.constant(Float32Array.from(values), [2, 2]);
    return op.rotary(g, x, g.constant(BigInt64Array.of(0n, 1n), [1, 2]), table([1, 1, 0, 1]), table([0, 0, 1, 0]));
  },
  [1, 2, 4],
  // Position 1 turns the first pair (1, 3) by 90° and leaves the second (2, 4).
  [1, 2, 3, 4, -3, 2, 1, 4],
);

test('whole numbers cast to floats', async () => {
  const g = new Graph();
  const ids = g.input('ids', 'int64', [3]);
  g.output('y', op.cast(g, ids, 'float32'));
  assert.deepEqual([...(await runGraph(g, { ids: int64s([3, 1, 2], [3]) })).y!], [3, 1, 2]);
});

test('what no output depends on is left out of the model, constants too', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['N', 2]);
  const stored = g.external('w', 'float16', [3, 2], { file: 'w', offset: 0, length: 12 });
  g.node('Cast', [stored], [{ type: 'float32', shape: [3, 2] }], { to: 1 });
  g.output('y', g.node('Neg', [x], [{ type: 'float32', shape: ['N', 2] }])[0]!);
  const { graph } = onnxProto.onnx.ModelProto.decode(encodeModel(g));
  assert.deepEqual(
    graph!.node!.map(n => n.opType),
    ['Neg', 'Identity'],
  );
  assert.deepEqual(graph!.initializer, []);
});
