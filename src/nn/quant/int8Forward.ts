import type { Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { blockSize, blocksPerRow } from './blocks.ts';
import { constant, type Int8Source, mostCode, secondStep, smoothed, zero } from './int8Products.ts';
import { int8Names } from './int8Weights.ts';
import { matMulCodes } from './quantizedWeight.ts';

/** Whether there are codes for products with a weight. */
export function hasCodes(tensors: Int8Source['tensors'], weight: string): boolean {
  return tensors.has(int8Names.forward(weight));
}

/** Products in 8 bits of a graph without gradients. */
export interface Int8ForwardSource extends Int8Source {
  /** Weights whose products read their input in blocks, in place of one or two terms. */
  inBlocks: ReadonlySet<string>;
}

/**
 * x Wᵀ + bias for x […, in] and weights [out, in] that read the same input, stacked along the rows: […, Σ out]. From the codes
 * of a training's products, in fewer operators: no gradient rule, and a single row is computed as fast as many. Each row is
 * quantised for itself, so that an answer does not depend on what else is in the batch.
 */
export function int8Forward(
  g: Graph,
  { tensors, twoTerms, inBlocks }: Int8ForwardSource,
  x: Value,
  weights: string[],
  bias?: Value,
): Value {
  const smoothing = int8Names.smoothing(weights[0]!);
  const inverses = tensors.get(smoothing);
  const rows = inverses ? smoothed(g, x, constant(g, smoothing, 'float32', inverses)) : x;
  if (weights.every(w => inBlocks.has(w))) return blockProduct(g, tensors, rows, weights, bias);
  const weight = rowCodes(g, tensors, weights);
  const step = op.mul(g, op.reduceMax(g, op.abs(g, rows), [-1]), g.scalar(1 / mostCode));
  const first = quantized(g, rows, step);
  const sum = weights.some(w => twoTerms.has(w))
    ? twoTermProduct(g, rows, first, step, weight)
    : integerProduct(g, first, weight);
  const y = op.mul(g, sum, step);
  return bias ? op.add(g, y, bias) : y;
}

/** Weights of one product. */
interface Codes {
  codes: Value;
  scales: Value;
}

/** Weights side by side: codes [in, Σ out], scales [Σ out]. */
function rowCodes(g: Graph, tensors: Int8Source['tensors'], weights: string[]): Codes {
  const joined = (nameOf: (weight: string) => string, type: 'int8' | 'float32', axis: number) =>
    op.concat(
      g,
      weights.map(nameOf).map(name => constant(g, name, type, tensors.get(name)!)),
      axis,
    );
  return { codes: joined(int8Names.forward, 'int8', 1), scales: joined(int8Names.forwardScales, 'float32', 0) };
}

/** Both terms in one product, which reads the weights once. */
function twoTermProduct(g: Graph, rows: Value, first: Value, step: Value, weight: Codes): Value {
  const inputs = [first, step, zeros(g, step)];
  const read = g.node('DequantizeLinear', inputs, [{ type: 'float32', shape: rows.shape }], wholeRows(rows))[0]!;
  const second = quantized(g, op.sub(g, rows, read), op.mul(g, step, g.scalar(secondStep)));
  const both = op.concat(
    g,
    [first, second].map(codes => op.reshape(g, codes, [1, ...rows.shape])),
    0,
  );
  const [sum, rest] = op.split(g, integerProduct(g, both, weight), [1, 1], 0) as [Value, Value];
  const shape = [...rows.shape.slice(0, -1), weight.codes.shape[1]!];
  return op.reshape(g, op.add(g, sum, op.mul(g, rest, g.scalar(secondStep))), shape);
}

/** Codes of rows […, K] in steps of their own […, 1]. Of a row of zeros they are of no account: they are multiplied with its step, 0. */
function quantized(g: Graph, rows: Value, step: Value): Value {
  const inputs = [rows, step, zeros(g, step)];
  return g.node('QuantizeLinear', inputs, [{ type: 'uint8', shape: rows.shape }], wholeRows(rows))[0]!;
}

/** A block as long as the row: no shape has to be changed for a step that each row has. */
function wholeRows({ shape }: Value): { axis: number; block_size: number } {
  return { axis: shape.length - 1, block_size: shape.at(-1) as number };
}

/** The code of zero for each row. */
function zeros(g: Graph, step: Value): Value {
  const { shape } = step;
  return g.once(`int8:zeros:${shape}`, () => {
    const size = g.node('Shape', [step], [{ type: 'int64', shape: [shape.length] }])[0]!;
    return g.node('Expand', [zero(g), size], [{ type: 'uint8', shape }])[0]!;
  });
}

function integerProduct(g: Graph, codes: Value, weight: Codes): Value {
  const shape = [...codes.shape.slice(0, -1), weight.codes.shape[1]!];
  const inputs = [codes, weight.codes, g.scalar(1), weight.scales, zero(g)];
  return g.node('MatMulIntegerToFloat', inputs, [{ type: 'float32', shape }], {}, 'com.microsoft')[0]!;
}

/**
 * Where 32 numbers of a row at a time are quantised by the largest of them, so that an outlier takes digits from its neighbours
 * alone. One operator does what takes seven for a whole row, and twice as many in two terms; large batches are slower in it.
 */
function blockProduct(g: Graph, tensors: Int8Source['tensors'], rows: Value, weights: string[], bias?: Value): Value {
  const parts = weights.map(w => blockCodes(g, tensors, w));
  const [codes, scales] = (['codes', 'scales'] as const).map(which =>
    op.concat(
      g,
      parts.map(part => part[which]),
      0,
    ),
  ) as [Value, Value];
  return matMulCodes(g, rows, { bits: 8, cols: rows.shape.at(-1) as number, codes, scales }, bias);
}

/** A weight's codes [in, out] as MatMulNBits reads them, unsigned [out, blocks, 32], and the scale of each block [out, blocks]. */
function blockCodes(g: Graph, tensors: Int8Source['tensors'], weight: string): Codes {
  const name = int8Names.forward(weight);
  const place = tensors.get(name)!;
  const [width, out] = place.shape as [number, number];
  const blocks = blocksPerRow(width);
  const isWhole = width === blocks * blockSize;
  // The same bytes: with the highest bit turned, a signed byte is an unsigned one that is 128 larger.
  const bytes = g.external(`${name}.bytes`, 'uint8', isWhole ? [blocks, blockSize, out] : [width, out], place);
  const turned = g.node('BitwiseXor', [bytes, zero(g)], [{ type: 'uint8', shape: bytes.shape }])[0]!;
  const inBlocks = isWhole ? turned : op.reshape(g, filled(g, turned, blocks * blockSize), [blocks, blockSize, out]);
  const scalesName = int8Names.forwardScales(weight);
  const scales = constant(g, scalesName, 'float32', tensors.get(scalesName)!);
  const inputs = [op.reshape(g, scales, [out, 1]), g.ints([out, blocks])];
  return {
    codes: op.transpose(g, inBlocks, [2, 0, 1]),
    scales: g.node('Expand', inputs, [{ type: 'float32', shape: [out, blocks] }])[0]!,
  };
}

/** Codes [in, out] with rows of zeros behind them, `rows` in all. */
function filled(g: Graph, codes: Value, rows: number): Value {
  const [width, out] = codes.shape as [number, number];
  const inputs = [codes, g.ints([0, 0, rows - width, 0]), zero(g)];
  return g.node('Pad', inputs, [{ type: 'uint8', shape: [rows, out] }])[0]!;
}
