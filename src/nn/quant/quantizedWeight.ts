import { WorkbenchError } from '../../protocol/errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { blockSize, blocksPerRow, bytesPerBlock, type CodeBits, codesOf, scalesOf } from './blocks.ts';

/** Rows of quantised weights in a file: those of one weight, or of several that follow each other. */
export interface QuantizedRows {
  bits: CodeBits;
  rows: number;
  cols: number;
  codes: TensorPlace;
  scales: TensorPlace;
}

/** The quantised copy of weights [out, in], stacked along the rows; undefined where the base is not quantised. */
export function quantizedRows(
  tensors: ReadonlyMap<string, TensorPlace>,
  weights: readonly string[],
): QuantizedRows | undefined {
  if (!tensors.has(codesOf(weights[0]!))) return undefined;
  const codes = oneRange(weights.map(name => tensors.get(codesOf(name))!));
  const scales = oneRange(weights.map(name => tensors.get(scalesOf(name))!));
  const cols = tensors.get(weights[0]!)!.shape[1]!;
  return { bits: codes.shape[2] === bytesPerBlock(4) ? 4 : 8, rows: codes.shape[0]!, cols, codes, scales };
}

/** Tensors that follow each other in a file as one. */
function oneRange(places: TensorPlace[]): TensorPlace {
  const first = places[0]!;
  let length = 0;
  let rows = 0;
  for (const place of places) {
    if (place.file !== first.file || place.offset !== first.offset + length)
      throw new WorkbenchError('badFile', `${place.file}: quantised weights that belong together lie apart`);
    length += place.length;
    rows += place.shape[0]!;
  }
  return { ...first, shape: [rows, ...first.shape.slice(1)], length };
}

/**
 * How MatMulNBits may compute: 4 stands for activations that are quantised to 8 bits in the same blocks. With activations
 * in F32, onnxruntime 1.30 dequantises 8-bit weights whole at every execution, which made one token a hundred times slower.
 */
const accuracyLevel = 4;

/** x Wᵀ + bias for x […, in] and quantised W [out, in], as onnxruntime's fused operator: […, out]. No gradient rule. */
export function matMulBlocks(g: Graph, x: Value, weight: QuantizedRows, bias?: Value): Value {
  const { cols, bits } = weight;
  const codes = external(g, weight.codes, 'uint8', weight.codes.shape);
  return matMulCodes(g, x, { bits, cols, codes, scales: scales(g, weight) }, bias);
}

/** Weights [rows, cols] as MatMulNBits reads them. */
export interface BlockCodes {
  bits: CodeBits;
  cols: number;
  /** Unsigned, [rows, blocks, bytes of a block]. */
  codes: Value;
  /** [rows, blocks] */
  scales: Value;
}

/** `matMulBlocks` of codes that are in the graph. */
export function matMulCodes(g: Graph, x: Value, weight: BlockCodes, bias?: Value): Value {
  const { bits, cols, codes, scales } = weight;
  const rows = codes.shape[0] as number;
  const inputs = [x, codes, scales];
  return g.node(
    'MatMulNBits',
    bias ? [...inputs, undefined, undefined, bias] : inputs,
    [{ type: 'float32', shape: [...x.shape.slice(0, -1), rows] }],
    { K: cols, N: rows, bits, block_size: blockSize, accuracy_level: accuracyLevel },
    'com.microsoft',
  )[0]!;
}

/** Quantised weights dequantised to F32, [rows, cols]. */
export function dequantize(g: Graph, weight: QuantizedRows): Value {
  const { rows, cols, bits } = weight;
  const shape = [rows, blocksPerRow(cols) * blockSize];
  const codes = external(g, weight.codes, bits === 8 ? 'uint8' : 'uint4', shape);
  const inputs = [codes, scales(g, weight), zeroPoints(g, weight)];
  const attributes = { axis: 1, block_size: blockSize };
  const dequantized = g.node('DequantizeLinear', inputs, [{ type: 'float32', shape }], attributes)[0]!;
  return cols === shape[1] ? dequantized : op.split(g, dequantized, [cols, shape[1]! - cols], 1)[0]!;
}

function scales(g: Graph, { scales, rows, cols }: QuantizedRows): Value {
  return external(g, scales, 'float32', [rows, blocksPerRow(cols)]);
}

/** One range of a file is one constant for each type it is read as. */
function external(g: Graph, place: TensorPlace, type: 'float32' | 'uint8' | 'uint4', shape: number[]): Value {
  const name = `${type}:${place.offset}:${place.length}`;
  return g.once(`quantized:${name}`, () => g.external(name, type, shape, place));
}

/** 2^(bits−1) for every block; weights of one shape share it. */
function zeroPoints(g: Graph, { bits, rows, cols }: QuantizedRows): Value {
  const shape = [rows, blocksPerRow(cols)];
  const name = `zeroPoints:${bits}:${shape}`;
  return g.once(name, () => {
    const value: Value = { name, type: bits === 8 ? 'uint8' : 'uint4', shape };
    const bytes = new Uint8Array(Math.ceil((rows * shape[1]! * bits) / 8)).fill(bits === 8 ? 0x80 : 0x88);
    g.initializers.push({ value, data: { bytes } });
    return value;
  });
}
