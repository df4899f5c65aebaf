import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession, type Feeds, floats, readFloats } from '../../../src/engine/runtime/session.ts';
import { gradientRules } from '../../../src/nn/autodiff/gradientRules.ts';
import { gradients } from '../../../src/nn/autodiff/gradients.ts';
import { baseProduct, lowerBaseProducts } from '../../../src/nn/graph/baseProduct.ts';
import { Graph, type Value } from '../../../src/nn/graph/graph.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assertClose } from '../../support/assertClose.ts';
import { finiteDifferences } from '../../support/finiteDifferences.ts';

interface Case {
  /** Shapes of the differentiated inputs. */
  shapes: number[][];
  build(g: Graph, x: Value[]): Value;
  /** Inputs are uniform in ±1, or at least 0.5 and at most 2 where an operator is singular at 0. */
  positive?: boolean;
}

const count = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const axesOf = (v: Value) => v.shape.map((_, i) => i);

/** Σ y · c with fixed random c: its gradient tests every element of the rule. */
async function checkGradients({ shapes, build, positive }: Case, random: Random): Promise<void> {
  const g = new Graph();
  const x = shapes.map((shape, i) => g.input(`x${i}`, 'float32', shape));
  const y = build(g, x);
  const shape = y.shape as number[];
  const c = Float32Array.from({ length: count(shape) }, () => random.uniform() + 0.5);
  const weighted = op.mul(g, y, g.constant(c, shape));
  const loss = shape.length === 0 ? weighted : op.reduceSum(g, weighted, axesOf(weighted), false);
  const found = gradients(g, loss, x);
  for (const [i, dx] of found.entries()) {
    assert.deepEqual(dx.shape, shapes[i], `shape of the gradient of input ${i}`);
    g.output(`dx${i}`, dx);
  }
  lowerFrozen(g);
  const forward = new Graph();
  forward.output(
    'y',
    build(
      forward,
      shapes.map((s, i) => forward.input(`x${i}`, 'float32', s)),
    ),
  );

  lowerFrozen(forward);

  const draw = () => (positive ? 0.5 + 1.5 * random.uniform() : 2 * random.uniform() - 1);
  const data = shapes.map(s => Float32Array.from({ length: count(s) }, draw));
  const feeds = (): Feeds => Object.fromEntries(shapes.map((s, i) => [`x${i}`, floats(data[i]!, s)]));
  const [reverse, primal] = [await createSession(g, { threads: 1 }), await createSession(forward, { threads: 1 })];
  const out = await reverse.run(feeds());
  const value = async () => {
    const y = readFloats((await primal.run(feeds())).y!);
    return y.reduce((sum, v, i) => sum + v * c[i]!, 0);
  };
  for (const [i, x] of data.entries()) {
    const expected = await finiteDifferences(x, positive ? 0.02 : 0.05, value);
    const scale = Math.max(1, ...expected.map(Math.abs));
    assertClose(
      readFloats(out[`dx${i}`]!),
      expected,
      3e-4 * scale,
      `gradient of input ${i} of shapes ${JSON.stringify(shapes)}`,
    );
  }
  await reverse.dispose();
  await primal.dispose();
}

/** Products with the base, whose weights are other numbers each, in F32. */
function lowerFrozen(g: Graph): void {
  lowerBaseProducts(g, (_, { out, in: width, x, transB, bias }) => {
    const weight = Float32Array.from({ length: out * width }, (_, i) => Math.sin(i + 1));
    op.gemm(g, x, g.constant(weight, [out, width]), { transB }, bias);
  });
}

/** The pairs of shapes that broadcast in each way ONNX allows. */
const pairs = [
  [
    [3, 4],
    [3, 4],
  ],
  [[3, 4], [4]],
  [[4], [3, 4]],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [[3, 4], []],
  [[], [2]],
  [[1], [2, 3]],
];
const binary = (build: (g: Graph, a: Value, b: Value) => Value, positive = false): Case[] =>
  pairs.map(shapes => ({ shapes, build: (g, x) => build(g, x[0]!, x[1]!), positive }));
const unary = (build: (g: Graph, x: Value) => Value, positive = false, shapes = [[5], [3, 4], [2, 3, 2]]): Case[] =>
  shapes.map(shape => ({ shapes: [shape], build: (g, x) => build(g, x[0]!), positive }));
const transposes = [0, 1, 2, 3].map(bits => ({ transA: (bits & 1) === 1, transB: (bits & 2) === 2 }));
const flip = <T>([a, b]: [T, T], flipped: boolean): [T, T] => (flipped ? [b, a] : [a, b]);

/** x with the input of a rotation: positions [batch, seq] that differ between rows, as a cache makes them. */
function rotate(g: Graph, x: Value, options?: op.RotaryOptions): Value {
  const [batch, seq, dim] = x.shape as [number, number, number];
  const half = 2;
  if (!options?.part) assert.equal(dim % (2 * half), 0);
  const positions = g.constant(
    BigInt64Array.from({ length: batch * seq }, (_, i) => BigInt((i * 3) % 7)),
    [batch, seq],
  );
  const angle = (i: number) => 0.7 * Math.floor(i / half) * (i % half === 0 ? 1 : 0.1);
  const table = (f: (x: number) => number) =>
    g.constant(
      Float32Array.from({ length: 7 * half }, (_, i) => f(angle(i))),
      [7, half],
    );
  return op.rotary(g, x, positions, table(Math.cos), table(Math.sin), options);
}

const reductions = (reduce: typeof op.reduceSum): Case[] =>
  (
    [
      [[3, 4], [0]],
      [[3, 4], [-1]],
      [[3, 3], [1]],
      [
        [2, 3, 4],
        [0, 2],
      ],
      [[2, 1, 3], [1]],
      [[5], [0]],
    ] as const
  ).flatMap(([shape, axes]) =>
    [true, false].map(keep => ({
      shapes: [[...shape]],
      build: (g: Graph, x: Value[]) => reduce(g, x[0]!, [...axes], keep),
    })),
  );

const cases: Record<string, Case[]> = {
  Identity: unary((g, x) => g.node('Identity', [x], [{ type: 'float32', shape: x.shape }])[0]!),
  Add: binary(op.add),
  Sub: binary(op.sub),
  Mul: [...binary(op.mul), { shapes: [[3]], build: (g, [x]) => op.mul(g, x!, x!) }],
  Div: [
    ...binary(op.div, true),
    { shapes: [[3]], build: (g, [x]) => op.div(g, op.mul(g, x!, x!), x!), positive: true },
  ],
  Neg: unary(op.neg),
  Exp: unary(op.exp),
  Log: unary(op.log, true),
  Sqrt: unary(op.sqrt, true),
  Reciprocal: unary(op.reciprocal, true),
  Sigmoid: unary(op.sigmoid),
  QuickGelu: unary(op.silu),
  Gelu: unary(op.gelu),
  FastGelu: unary(op.geluTanh),
  Tanh: unary(op.tanh),
  Softmax: unary(op.softmax, false, [[5], [3, 4], [2, 3, 4]]),
  LogSoftmax: unary(op.logSoftmax, false, [[5], [3, 4], [2, 3, 4]]),
  Gemm: transposes.flatMap(t =>
    ([undefined, [4], [3, 4], [1, 4]] as const).map(bias => ({
      shapes: [flip([3, 2], t.transA), flip([2, 4], t.transB), ...(bias ? [[...bias]] : [])],
      build: (g: Graph, x: Value[]) => op.gemm(g, x[0]!, x[1]!, t, x[2]),
    })),
  ),
  BaseProduct: [
    { shapes: [[3, 2]], build: (g, x) => baseProduct(g, x[0]!, { name: 'w', out: 4, in: 2 }) },
    { shapes: [[3, 2], [4]], build: (g, x) => baseProduct(g, x[0]!, { name: 'w', out: 4, in: 2 }, x[1]) },
    {
      shapes: [[2, 3]],
      build: (g, x) => {
        const y = baseProduct(g, x[0]!, { name: 'w', out: 3, in: 3 });
        return op.exp(g, baseProduct(g, y, { name: 'w', out: 3, in: 3 }));
      },
    },
  ],
  FusedMatMul: transposes.flatMap(t =>
    [[], [2], [2, 3]].map(lead => ({
      shapes: [
        [...lead, ...flip([3, 2], t.transA)],
        [...lead, ...flip([2, 4], t.transB)],
      ],
      build: (g: Graph, x: Value[]) => op.matmul(g, x[0]!, x[1]!, { ...t, alpha: 0.7 }),
    })),
  ),
  SimplifiedLayerNormalization: [
    { shapes: [[3, 4], [4]], build: (g, x) => op.rmsNorm(g, x[0]!, x[1]!, 1e-2) },
    { shapes: [[2, 3, 6], [6]], build: (g, x) => op.rmsNorm(g, x[0]!, x[1]!, 1e-1), positive: true },
    { shapes: [[1, 2], [2]], build: (g, x) => op.rmsNorm(g, x[0]!, x[1]!, 1e-5), positive: true },
  ],
  LayerNormalization: [
    { shapes: [[3, 4], [4]], build: (g, x) => op.layerNorm(g, x[0]!, x[1]!, undefined, 1e-2) },
    { shapes: [[2, 3, 6], [6], [6]], build: (g, x) => op.layerNorm(g, x[0]!, x[1]!, x[2], 1e-1) },
  ],
  RotaryEmbedding: [
    ...unary((g, x) => rotate(g, x), false, [
      [1, 3, 4],
      [2, 3, 4],
      [2, 2, 12],
    ]),
    ...unary((g, x) => rotate(g, x, { interleaved: true }), false, [[2, 3, 8]]),
    ...unary((g, x) => rotate(g, x, { part: { dim: 4, heads: 2 } }), false, [[2, 3, 16]]),
  ],
  Reshape: unary((g, x) => op.reshape(g, x, [2, count(x.shape as number[]) / 2]), false, [[4], [3, 4], [2, 3, 2]]),
  Transpose: [
    [1, 0, 2],
    [2, 0, 1],
    [0, 1, 2],
  ].map(perm => ({
    shapes: [[2, 3, 4]],
    build: (g: Graph, x: Value[]) => op.transpose(g, x[0]!, perm),
  })),
  ReduceSum: reductions(op.reduceSum),
  ReduceSumSquare: reductions(op.reduceSumSquare),
  Gather: [
    // Rows that are read twice add up; rows that are not read get zero.
    { shapes: [[4, 3]], build: (g, x) => op.gatherRows(g, x[0]!, g.ints([2, 0, 2])) },
    { shapes: [[5]], build: (g, x) => op.gatherRows(g, x[0]!, g.ints([4, 4, 1, 0])) },
    {
      shapes: [[3, 2, 2]],
      build: (g, x) => op.gatherRows(g, x[0]!, g.constant(BigInt64Array.of(1n, 1n, 0n, 2n), [2, 2])),
    },
    { shapes: [[3, 4]], build: (g, x) => op.gatherColumns(g, x[0]!, [3, 0, 0]) },
    { shapes: [[1, 2]], build: (g, x) => op.gatherColumns(g, x[0]!, [1, 0, 1, 1]) },
  ],
  GatherElements: [
    { shapes: [[4, 3]], build: (g, x) => op.pick(g, x[0]!, g.ints([2, 0, 2, 1])) },
    { shapes: [[1, 5]], build: (g, x) => op.pick(g, x[0]!, g.ints([4])) },
    { shapes: [[2, 2]], build: (g, x) => op.pick(g, x[0]!, g.ints([0, 0])) },
  ],
  Concat: [
    {
      shapes: [
        [2, 3],
        [4, 3],
      ],
      build: (g, x) => op.concat(g, x, 0),
    },
    {
      shapes: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      build: (g, x) => op.concat(g, x, 1),
    },
    { shapes: [[2, 2]], build: (g, x) => op.concat(g, [x[0]!, x[0]!], 1) },
  ],
  Split: [
    { shapes: [[7]], build: (g, x) => op.mul(g, op.split(g, x[0]!, [3, 4], 0)[1]!, op.split(g, x[0]!, [4, 3], 0)[0]!) },
    // The middle piece is not used: its gradient is zero.
    {
      shapes: [[2, 5]],
      build: (g, x) => {
        const [a, , c] = op.split(g, x[0]!, [2, 1, 2], 1) as [Value, Value, Value];
        return op.mul(g, a, c);
      },
    },
    { shapes: [[2, 3, 2]], build: (g, x) => op.exp(g, op.split(g, x[0]!, [1, 2], 1)[1]!) },
  ],
};

for (const [name, list] of Object.entries(cases))
  test(`${name}: the rule gives the finite differences on ${list.length} shapes`, async () => {
    const random = new Random(0x5eed + name.length);
    for (const c of list) await checkGradients(c, random);
  });

test('every gradient rule has a test here, and every test a rule', () => {
  assert.deepEqual(Object.keys(cases).sort(), [...Object.keys(gradientRules), 'Split'].sort());
});
