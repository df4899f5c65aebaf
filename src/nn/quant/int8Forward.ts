import type { Dim, Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { constant, type Int8Source, mostCode, secondStep, smoothed, zero } from './int8Products.ts';
import { int8Names } from './int8Weights.ts';

/** Whether there are codes for products with a weight. */
export function hasCodes(tensors: Int8Source['tensors'], weight: string): boolean {
  return tensors.has(int8Names.forward(weight));
}

/**
 * x Wᵀ + bias for x [N, in] and weights [out, in] that read the same input, stacked along the rows: [N, Σ out]. The products that
 * `int8Products` makes of a training, in fewer operators: no gradient rule, and a single row is computed as fast as many. Each
 * row is quantised for itself, so that an answer does not depend on what else is in the batch.
 */
export function int8Forward(
  g: Graph,
  { tensors, twoTerms }: Int8Source,
  x: Value,
  weights: string[],
  bias?: Value,
): Value {
  const read = (name: string, type: 'int8' | 'float32') => constant(g, name, type, tensors.get(name)!);
  const joined = (nameOf: (weight: string) => string, type: 'int8' | 'float32', axis: number) =>
    op.concat(
      g,
      weights.map(w => read(nameOf(w), type)),
      axis,
    );
  const weight: Codes = {
    codes: joined(int8Names.forward, 'int8', 1),
    scales: joined(int8Names.forwardScales, 'float32', 0),
  };
  const smoothing = int8Names.smoothing(weights[0]!);
  const rows = tensors.has(smoothing) ? smoothed(g, x, read(smoothing, 'float32')) : x;
  const largest = op.reduceMax(g, op.abs(g, rows), [-1], false);
  const step = op.mul(g, largest, g.scalar(1 / mostCode));
  const first = quantized(g, rows, step);
  const sum = weights.some(w => twoTerms.has(w))
    ? twoTermProduct(g, rows, first, step, weight)
    : integerProduct(g, first, weight);
  const N = x.shape[0]!;
  const y = op.mul(g, sum, op.reshape(g, step, [N, 1]));
  return bias ? op.add(g, y, bias) : y;
}

interface Codes {
  codes: Value;
  scales: Value;
}

/** Both terms in one product, which reads the weights once. */
function twoTermProduct(g: Graph, rows: Value, first: Value, step: Value, weight: Codes): Value {
  const [N, width] = rows.shape as [Dim, Dim];
  const inputs = [first, step, zeros(g, step)];
  const read = g.node('DequantizeLinear', inputs, [{ type: 'float32', shape: rows.shape }], { axis: 0 })[0]!;
  const second = quantized(g, op.sub(g, rows, read), op.mul(g, step, g.scalar(secondStep)));
  const both = op.concat(
    g,
    [first, second].map(codes => op.reshape(g, codes, [1, N, width])),
    0,
  );
  const [sum, rest] = op.split(g, integerProduct(g, both, weight), [1, 1], 0) as [Value, Value];
  return op.reshape(g, op.add(g, sum, op.mul(g, rest, g.scalar(secondStep))), [N, weight.codes.shape[1]!]);
}

/** Codes of rows [N, K] in steps of their own [N]. Of a row of zeros they are of no account: they are multiplied with its step, 0. */
function quantized(g: Graph, rows: Value, step: Value): Value {
  const inputs = [rows, step, zeros(g, step)];
  return g.node('QuantizeLinear', inputs, [{ type: 'uint8', shape: rows.shape }], { axis: 0 })[0]!;
}

/** The code of zero for each row. */
function zeros(g: Graph, step: Value): Value {
  const { shape } = step;
  return g.once(`int8:zeros:${shape}`, () => {
    const size = g.node('Shape', [step], [{ type: 'int64', shape: [1] }])[0]!;
    return g.node('Expand', [zero(g), size], [{ type: 'uint8', shape }])[0]!;
  });
}

function integerProduct(g: Graph, codes: Value, weight: Codes): Value {
  const shape = [...codes.shape.slice(0, -1), weight.codes.shape[1]!];
  const inputs = [codes, weight.codes, g.scalar(1), weight.scales, zero(g)];
  return g.node('MatMulIntegerToFloat', inputs, [{ type: 'float32', shape }], {}, 'com.microsoft')[0]!;
}
