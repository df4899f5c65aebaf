import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { int8Support } from '../../../src/engine/runtime/int8Support.ts';
import { createSession, floats, readFloats } from '../../../src/engine/runtime/session.ts';
import { int8Forward } from '../../../src/nn/quant/int8Forward.ts';
import { encodeForward, int8Names } from '../../../src/nn/quant/int8Weights.ts';
import type { DType } from '../../../src/nn/tensor/dtype.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import type { TensorPlace } from '../../../src/nn/tensor/tensorPlace.ts';
import { assertSameBits } from '../../support/assertClose.ts';
import { HeldGraph } from '../../support/heldGraph.ts';

const [N, width] = [4, 40];
const random = new Random(5);
const uniform = (length: number) => Float32Array.from({ length }, () => 2 * random.uniform() - 1);
const outs = { a: 7, b: 5 };
const out = outs.a + outs.b;
const weights = { a: uniform(outs.a * width), b: uniform(outs.b * width) };
const smoothing = Float32Array.from({ length: width }, (_, i) => 0.5 + i / 20);
const bias = uniform(out);
/** Rows of very different magnitudes, one of them zero. */
const x = uniform(N * width).map((v, i) => v * [1, 1000, 0, 1e-4][Math.floor(i / width)]!);

/** What of a row is quantised together: all of it, all of it in two terms, or 32 numbers at a time. */
type How = 'row' | 'twoTerms' | 'blocks';

/** The products with `a` and `b` side by side, of rows that share codes. */
async function products(rows: Float32Array, how: How, threads = 1): Promise<Float32Array> {
  const g = new HeldGraph();
  const tensors = new Map<string, TensorPlace>();
  const put = (name: string, dtype: DType, shape: number[], data: Float32Array | Int8Array) => {
    tensors.set(name, { file: name, dtype, shape, offset: 0, length: data.byteLength });
    g.held.set(name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  };
  for (const name of ['a', 'b'] as const) {
    const { codes, scales } = encodeForward(weights[name], outs[name], width, smoothing);
    put(int8Names.forward(name), 'I8', [width, outs[name]], codes);
    put(int8Names.forwardScales(name), 'F32', [outs[name]], scales);
  }
  put(
    int8Names.smoothing('a'),
    'F32',
    [width],
    smoothing.map(s => 1 / s),
  );
  const source = {
    tensors,
    twoTerms: new Set(how === 'twoTerms' ? ['b'] : []),
    inBlocks: new Set(how === 'blocks' ? ['a', 'b'] : []),
  };
  // As the vocabulary reads them, and the layers of a base.
  const isFlat = how === 'twoTerms';
  const input = g.input('x', 'float32', isFlat ? ['N', width] : ['B', 'T', width]);
  g.output('y', int8Forward(g, source, input, ['a', 'b'], g.constant(bias, [out])));
  const session = await createSession(g, { threads });
  const shape = [rows.length / width, width];
  const found = readFloats((await session.run({ x: floats(rows, isFlat ? shape : [1, ...shape]) })).y!).slice();
  await session.dispose();
  return found;
}

/** The same in double precision, with the weights that the codes stand for, and what a row's rounding can make of it at most. */
function reference(rows: Float32Array, how: How): { y: number[]; bound: number[] } {
  const decoded = (['a', 'b'] as const).flatMap(name => {
    const { codes, scales } = encodeForward(weights[name], outs[name], width, smoothing);
    return Array.from({ length: outs[name] }, (_, o) =>
      Array.from({ length: width }, (_, i) => codes[i * outs[name] + o]! * scales[o]!),
    );
  });
  const [y, bound]: [number[], number[]] = [[], []];
  for (let n = 0; n < rows.length / width; n++) {
    const row = [...rows.subarray(n * width, (n + 1) * width)].map((v, i) => v / smoothing[i]!);
    const together = how === 'blocks' ? 32 : width;
    const half = row.map((_, i) => {
      const from = i - (i % together);
      return Math.max(...row.slice(from, from + together).map(Math.abs)) / 127 / (how === 'twoTerms' ? 2 * 254 : 2);
    });
    for (const [o, w] of decoded.entries()) {
      y.push(row.reduce((sum, v, i) => sum + v * w[i]!, bias[o]!));
      bound.push(w.reduce((sum, v, i) => sum + half[i]! * Math.abs(v), 0) * 1.01 + 1e-5);
    }
  }
  return { y, bound };
}

let isExact = false;
before(async () => {
  ({ isExact } = await int8Support(1));
});

for (const [name, how] of [
  ['joined products are off by the rounding of each row alone; zeros stay zeros', 'row'],
  ['in two terms they are off by a 254th of that', 'twoTerms'],
  ['in blocks they are off by the rounding of each block alone, of rows that are no whole blocks too', 'blocks'],
] as const)
  test(name, async t => {
    if (!isExact) return t.skip('this processor cuts off sums of products in 8 bits');
    const found = await products(x, how);
    const { y, bound } = reference(x, how);
    for (const [at, wanted] of y.entries()) assert.ok(Math.abs(found[at]! - wanted) <= bound[at]!, `${at}`);
    assertSameBits(found.subarray(2 * out, 3 * out), bias, 'the row of zeros');
  });

test('a row has the same bits alone as beside others, and on two threads as on one', async t => {
  if (!isExact) return t.skip('this processor cuts off sums of products in 8 bits');
  for (const how of ['row', 'twoTerms', 'blocks'] as const) {
    const all = await products(x, how);
    assertSameBits(await products(x, how, 2), all, 'two threads');
    for (let n = 0; n < N; n++) {
      const alone = await products(x.slice(n * width, (n + 1) * width), how);
      assertSameBits(alone, all.subarray(n * out, (n + 1) * out), `row ${n}`);
    }
  }
});
