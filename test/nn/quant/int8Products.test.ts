import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { int8Support } from '../../../src/engine/runtime/int8Support.ts';
import { createSession, floats, readFloats } from '../../../src/engine/runtime/session.ts';
import { baseProduct, lowerBaseProducts } from '../../../src/nn/graph/baseProduct.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import { int8Products } from '../../../src/nn/quant/int8Products.ts';
import { encodeBackward, encodeForward, int8Names } from '../../../src/nn/quant/int8Weights.ts';
import type { DType } from '../../../src/nn/tensor/dtype.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import type { TensorPlace } from '../../../src/nn/tensor/tensorPlace.ts';
import { HeldGraph } from '../../support/heldGraph.ts';

const [N, width, out] = [5, 24, 7];
const random = new Random(3);
const uniform = (length: number) => Float32Array.from({ length }, () => 2 * random.uniform() - 1);
const W = uniform(out * width);
/** Rows of very different magnitudes, one of them zero, with an outlier. */
const x = uniform(N * width).map((v, i) => v * [1, 1000, 1e-4, 0, 1][Math.floor(i / width)]!);
x[4 * width + 3] = 500;
const bias = uniform(out);

let isExact = false;
before(async () => {
  ({ isExact } = await int8Support(1));
});

interface Way {
  smoothing?: Float32Array;
  transB: boolean;
  isPrecise?: boolean;
}

async function product(rows: Float32Array, { smoothing, transB, isPrecise = false }: Way): Promise<Float32Array> {
  const g = new HeldGraph();
  const places = new Map<string, TensorPlace>();
  const put = (name: string, dtype: DType, shape: number[], data: Float32Array | Int8Array) => {
    places.set(name, { file: name, dtype, shape, offset: 0, length: data.byteLength });
    g.held.set(name, new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)));
  };
  const forward = encodeForward(W, out, width, smoothing);
  const backward = encodeBackward(W, out, width);
  put(int8Names.forward('w'), 'I8', [width, out], forward.codes);
  put(int8Names.forwardScales('w'), 'F32', [out], forward.scales);
  put(int8Names.backward('w'), 'I8', [out, width], backward.codes);
  put(int8Names.backwardScales('w'), 'F32', [width], backward.scales);
  if (smoothing)
    put(
      int8Names.smoothing('w'),
      'F32',
      [width],
      smoothing.map(s => 1 / s),
    );
  const count = transB ? width : out;
  const input = g.input('x', 'float32', ['N', count]);
  const twoTerms = new Set(isPrecise ? ['w'] : []);
  const lower = int8Products({ tensors: places, twoTerms }, () => assert.fail('there are codes'));
  if (transB) {
    g.output('y', baseProduct(g, input, { name: 'w', out, in: width }, g.constant(bias, [out])));
    lowerBaseProducts(g, lower);
  } else {
    const weight = { name: 'w', out, in: width, transB, x: input, bias: undefined };
    lower(g, weight);
    g.output('y', g.nodes.at(-1)!.outputs[0]!);
  }
  const session = await createSession(g, { threads: 1 });
  const found = readFloats((await session.run({ x: floats(rows, [rows.length / count, count]) })).y!).slice();
  await session.dispose();
  return found;
}

/** x Wᵀ + bias, or x W, in double precision. */
function exact(rows: Float32Array, transB: boolean): number[] {
  const [count, results] = transB ? [width, out] : [out, width];
  return Array.from({ length: (rows.length / count) * results }, (_, at) => {
    const [n, r] = [Math.floor(at / results), at % results];
    const weightAt = (k: number) => (transB ? W[r * width + k]! : W[k * width + r]!);
    const terms = Array.from({ length: count }, (_, k) => rows[n * count + k]! * weightAt(k));
    return terms.reduce((a, b) => a + b, transB ? bias[r]! : 0);
  });
}

/** The largest error of a row, as a share of its largest number times √count, which is what rounding to codes is measured by. */
function errors(found: Float32Array, rows: Float32Array, transB: boolean): number[] {
  const [count, results] = transB ? [width, out] : [out, width];
  const wanted = exact(rows, transB);
  return Array.from({ length: rows.length / count }, (_, n) => {
    const largest = Math.max(...rows.subarray(n * count, (n + 1) * count).map(Math.abs));
    const off = wanted.slice(n * results, (n + 1) * results).map((w, r) => Math.abs(w - found[n * results + r]!));
    return Math.max(...off) / (largest * Math.sqrt(count) || 1);
  });
}

test('each row is rounded by its own largest number, whatever the others are; zeros stay zeros', async t => {
  if (!isExact) return t.skip('this processor cuts off sums of products in 8 bits');
  const found = await product(x, { transB: true });
  // Rounding of activations and of weights: 1 / 254 each at most, in random directions.
  for (const error of errors(found, x, true)) assert.ok(error <= 1 / 127, `${error}`);
  assert.deepEqual([...found.subarray(3 * out, 4 * out)], [...bias]);
});

test('in two terms nothing but the rounding of weights is left, also beside an outlier', async t => {
  if (!isExact) return t.skip('this processor cuts off sums of products in 8 bits');
  const decoded = encodeForward(W, out, width);
  const found = await product(x, { transB: true, isPrecise: true });
  for (let n = 0; n < N; n++)
    for (let o = 0; o < out; o++) {
      let wanted = bias[o]!;
      for (let i = 0; i < width; i++) wanted += x[n * width + i]! * decoded.codes[i * out + o]! * decoded.scales[o]!;
      const largest = Math.max(...x.subarray(n * width, (n + 1) * width).map(Math.abs));
      assert.ok(Math.abs(found[n * out + o]! - wanted) <= largest * width * (0.5 / 127 / 254) + 1e-5);
    }
});

test('the backward product reads codes of its own; smoothing is the forward product’s alone', async t => {
  if (!isExact) return t.skip('this processor cuts off sums of products in 8 bits');
  const dy = uniform(3 * out);
  const smoothing = Float32Array.from({ length: width }, (_, i) => 0.5 + i / 8);
  for (const error of errors(await product(dy, { smoothing, transB: false }), dy, false)) assert.ok(error <= 1 / 127);
});

test('smoothing takes the outliers of a column into the weights', async t => {
  if (!isExact) return t.skip('this processor cuts off sums of products in 8 bits');
  const rows = uniform(4 * width).map((v, i) => (i % width === 3 ? 60 * v : v));
  const even = new Float32Array(width).fill(1);
  const own = even.map((_, i) => (i === 3 ? Math.sqrt(60) : 1));
  const worst = async (smoothing: Float32Array) =>
    Math.max(...errors(await product(rows, { smoothing, transB: true }), rows, true));
  assert.ok((await worst(own)) < 0.6 * (await worst(even)));
});

test('layers that share an input share its codes', () => {
  const g = new HeldGraph();
  const places = new Map<string, TensorPlace>();
  const names = ['a', 'b'].flatMap(name => [int8Names.forward(name), int8Names.forwardScales(name)]);
  for (const name of names) places.set(name, { file: name, dtype: 'I8', shape: [4, 4], offset: 0, length: 16 });
  const input = g.input('x', 'float32', ['N', 4]);
  const results = ['a', 'b'].map(name => baseProduct(g, input, { name, out: 4, in: 4 }));
  g.output('y', op.add(g, results[0]!, results[1]!));
  lowerBaseProducts(
    g,
    int8Products({ tensors: places, twoTerms: new Set(['a', 'b']) }, () => {}),
  );
  const count = (name: string) => g.nodes.filter(n => n.op === name).length;
  assert.deepEqual([count('MatMulIntegerToFloat'), count('QuantizeLinear')], [4, 2]);
});
