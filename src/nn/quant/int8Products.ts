import type { BaseProduct, ProductLowering } from '../graph/baseProduct.ts';
import type { Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { int8Names } from './int8Weights.ts';

/** Codes of activations are unsigned, with this one for zero: kernels multiply unsigned with signed bytes. */
const zeroCode = 128;
export const mostCode = 127;
/** The second term's codes reach half of the first term's step, which is what rounding leaves over at most. */
export const secondStep = 1 / (2 * mostCode);
const secondScale = secondStep / mostCode;
/** The magnitude of a row of zeros, so that it can be divided by. */
const smallest = 1e-30;

/** Where products in 8 bits find what they read. */
export interface Int8Source {
  tensors: ReadonlyMap<string, TensorPlace>;
  /** Weights whose forward product reads its input in two terms. */
  twoTerms: ReadonlySet<string>;
}

/**
 * Products with the base's weights in 8 bits, where there are codes of a weight for the direction; others are left to
 * `otherwise`. Activations and gradients are quantised anew for each row (token), because one token's outliers would take all
 * digits from the others; those of layers that share an input once. In two terms, the second is what the first left over.
 *
 * The result is that of F32 products of the rounded operands up to F32 rounding: sums are exact in 32-bit integers.
 */
export function int8Products({ tensors, twoTerms }: Int8Source, otherwise: ProductLowering): ProductLowering {
  return (g, product) => {
    const { name, transB, x, bias } = product;
    const weight = codesOf(g, tensors, product);
    if (!weight) return otherwise(g, product);
    const smoothing = transB ? tensors.get(int8Names.smoothing(name)) : undefined;
    const read = smoothing ? smoothed(g, x, constant(g, int8Names.smoothing(name), 'float32', smoothing)) : x;
    const isPrecise = transB && twoTerms.has(name);
    const { magnitude, terms } = isPrecise ? quantizedTwice(g, read) : quantizedOnce(g, read);
    const sums = terms.map(({ codes, scale }) => integerProduct(g, codes, scale, weight, product));
    const sum = sums.length === 1 ? sums[0]! : op.add(g, sums[0]!, sums[1]!);
    const y = op.mul(g, sum, magnitude);
    if (bias) op.add(g, y, bias);
  };
}

interface Codes {
  codes: Value;
  scales: Value;
}

/** The codes of a product's direction; undefined where there are none. */
function codesOf(g: Graph, tensors: Int8Source['tensors'], { name, transB }: BaseProduct): Codes | undefined {
  const codes = transB ? int8Names.forward(name) : int8Names.backward(name);
  const scales = transB ? int8Names.forwardScales(name) : int8Names.backwardScales(name);
  const [place, ofScales] = [tensors.get(codes), tensors.get(scales)];
  if (!place || !ofScales) return undefined;
  return { codes: constant(g, codes, 'int8', place), scales: constant(g, scales, 'float32', ofScales) };
}

export function constant(g: Graph, name: string, type: 'int8' | 'float32', place: TensorPlace): Value {
  const key = `${type}:${place.file}:${place.offset}`;
  return g.once(`int8:${key}`, () => g.external(name, type, place.shape, place));
}

export function smoothed(g: Graph, x: Value, inverses: Value): Value {
  return g.once(`smoothed:${x.name}:${inverses.name}`, () => op.mul(g, x, inverses));
}

/** Rows as sums of terms, each codes [N, K] times a scale, times a magnitude for each row [N, 1]. */
interface QuantizedRows {
  magnitude: Value;
  terms: { codes: Value; scale: Value }[];
}

function quantizedOnce(g: Graph, x: Value): QuantizedRows {
  return g.once(`quantized:${x.name}`, () => {
    const { magnitude, normed } = rowsWithin1(g, x);
    return { magnitude, terms: [quantized(g, normed, 1 / mostCode)] };
  });
}

function quantizedTwice(g: Graph, x: Value): QuantizedRows {
  return g.once(`quantized twice:${x.name}`, () => {
    const { magnitude, normed } = rowsWithin1(g, x);
    const first = quantized(g, normed, 1 / mostCode);
    const value = { type: normed.type, shape: normed.shape };
    const read = g.node('DequantizeLinear', [first.codes, first.scale, zero(g)], [value])[0]!;
    return { magnitude, terms: [first, quantized(g, op.sub(g, normed, read), secondScale)] };
  });
}

/** Rows divided by their largest magnitudes [N, 1]. */
function rowsWithin1(g: Graph, x: Value): { magnitude: Value; normed: Value } {
  const largest = op.max(g, op.reduceMax(g, op.abs(g, x), [-1]), g.scalar(smallest));
  return { magnitude: largest, normed: op.mul(g, x, op.reciprocal(g, largest)) };
}

function quantized(g: Graph, x: Value, step: number): { codes: Value; scale: Value } {
  const scale = g.scalar(step);
  const codes = g.node('QuantizeLinear', [x, scale, zero(g)], [{ type: 'uint8', shape: x.shape }])[0]!;
  return { codes, scale };
}

export function zero(g: Graph): Value {
  return g.once('int8:zero', () => {
    const value: Value = { name: 'int8.zero', type: 'uint8', shape: [] };
    g.initializers.push({ value, data: { bytes: Uint8Array.of(zeroCode) } });
    return value;
  });
}

function integerProduct(g: Graph, codes: Value, scale: Value, weight: Codes, product: BaseProduct): Value {
  const shape = [codes.shape[0]!, product.transB ? product.out : product.in];
  const inputs = [codes, weight.codes, scale, weight.scales, zero(g)];
  return g.node('MatMulIntegerToFloat', inputs, [{ type: 'float32', shape }], {}, 'com.microsoft')[0]!;
}
