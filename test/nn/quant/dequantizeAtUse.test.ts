import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floats } from '../../../src/engine/runtime/session.ts';
import { Graph, type Value } from '../../../src/nn/graph/graph.ts';
import * as op from '../../../src/nn/graph/ops.ts';
import { type CodeBits, encodeBlocks } from '../../../src/nn/quant/blocks.ts';
import { dequantizeAtUse } from '../../../src/nn/quant/dequantizeAtUse.ts';
import { Random } from '../../../src/nn/tensor/random.ts';
import { assertClose } from '../../support/assertClose.ts';
import { decodeBlocks } from '../../support/decodeBlocks.ts';
import { runGraph } from '../../support/runGraph.ts';

/** A quantised weight with its bytes in the graph: what quantizedWeight.ts reads from a file. */
function widened(g: Graph, bits: CodeBits, rows: number, cols: number, weights: Float32Array): Value {
  const { codes, scales } = encodeBlocks(weights, rows, cols, bits);
  const blocks = Math.ceil(cols / 32);
  const constant = (name: string, shape: number[], bytes: Uint8Array): Value => {
    const value: Value = { name, type: bits === 8 ? 'uint8' : 'uint4', shape };
    g.initializers.push({ value, data: { bytes } });
    return value;
  };
  const shape = [rows, 32 * blocks];
  const middle = new Uint8Array(Math.ceil((rows * blocks * bits) / 8)).fill(bits === 8 ? 0x80 : 0x88);
  const inputs = [
    constant('codes', shape, codes),
    g.constant(scales, [rows, blocks]),
    constant('middle', [rows, blocks], middle),
  ];
  const whole = g.node('DequantizeLinear', inputs, [{ type: 'float32', shape }], { axis: 1, block_size: 32 })[0]!;
  return cols === shape[1] ? whole : op.split(g, whole, [cols, shape[1]! - cols], 1)[0]!;
}

for (const [bits, cols] of [
  [8, 64],
  [4, 64],
  [8, 50],
  [4, 70],
] as const)
  test(`${bits} bits, ${cols} columns: products widen the weight once each, after what they multiply`, async () => {
    const random = new Random(3);
    const numbers = (length: number) => Float32Array.from({ length }, () => random.normal());
    const weights = numbers(6 * cols);
    const x = numbers(3 * cols);
    const g = new Graph();
    const w = widened(g, bits, 6, cols, weights);
    const y = op.gemm(g, g.input('x', 'float32', ['N', cols]), w, { transB: true });
    g.output('y', y);
    g.output('back', op.gemm(g, op.exp(g, y), w));
    dequantizeAtUse(g);

    const widenings = g.nodes.filter(n => n.op === 'DequantizeLinear');
    // With 4 bits the first product needs no widened weight.
    assert.equal(widenings.length, bits === 8 ? 2 : 1);
    assert.equal(g.nodes.filter(n => n.op === 'MatMulNBits').length, bits === 8 ? 0 : 1);
    const at = (find: (n: (typeof g.nodes)[number]) => boolean) => g.nodes.findIndex(find);
    assert.ok(at(n => n === widenings.at(-1)) > at(n => n.op === 'Exp'));
    // Every scale is reshaped to a shape that only the run tells.
    for (const n of widenings) {
      const reshape = g.nodes.find(other => other.outputs[0] === n.inputs[1])!;
      assert.equal(reshape.op, 'Reshape');
      assert.ok(g.nodes.some(other => other.outputs[0] === reshape.inputs[1]));
    }

    const exact = decodeBlocks(encodeBlocks(weights, 6, cols, bits));
    const expected = Array.from({ length: 18 }, (_, i) => {
      const [row, out] = [Math.floor(i / 6), i % 6];
      let sum = 0;
      for (let k = 0; k < cols; k++) sum += x[row * cols + k]! * exact[out * cols + k]!;
      return sum;
    });
    const found = await runGraph(g, { x: floats(x, [3, cols]) });
    assertClose(found.y!, expected, 1e-5);
    const back = Array.from({ length: 3 * cols }, (_, i) => {
      const [row, k] = [Math.floor(i / cols), i % cols];
      let sum = 0;
      for (let out = 0; out < 6; out++) sum += Math.exp(found.y![row * 6 + out]!) * exact[out * cols + k]!;
      return sum;
    });
    const largest = Math.max(...back.map(Math.abs));
    assertClose(found.back!, back, 1e-5 * largest, 'back');
  });

test('a graph without quantised weights stays as it is', () => {
  const g = new Graph();
  g.output('y', op.exp(g, g.input('x', 'float32', [2])));
  const nodes = [...g.nodes];
  dequantizeAtUse(g);
  assert.deepEqual(g.nodes, nodes);
});
