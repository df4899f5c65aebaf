import { WorkbenchError } from '../../protocol/errors.ts';
import { lowerBaseProducts, type ProductLowering } from '../graph/baseProduct.ts';
import type { ElementType, Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { dequantizeAtUse } from '../quant/dequantizeAtUse.ts';
import { hasCodes, type Int8ForwardSource, int8Forward } from '../quant/int8Forward.ts';
import { type Int8Source, int8Products } from '../quant/int8Products.ts';
import { dequantize, matMulBlocks, quantizedRows } from '../quant/quantizedWeight.ts';
import type { DType } from '../tensor/dtype.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import type { BaseConfig } from './config.ts';
import { hasInt8Codes, int8Source } from './int8Tensors.ts';
import { baseTensors } from './layout.ts';
import { outputWeight } from './transformer.ts';

const elementTypes: Partial<Record<DType, ElementType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * Throws when a checkpoint lacks a tensor (`notFound`), holds it in another shape (`mismatch`) or in a
 * type that is not F32, F16 or BF16 (`unsupported`); each names the tensor, and its file or the folder. Tensors beyond
 * those the architecture defines are ignored, as transformers does (old checkpoints carry rotary tables).
 */
export function checkBaseTensors(c: BaseConfig, tensors: ReadonlyMap<string, TensorPlace>, folder: string): void {
  for (const [name, shape] of baseTensors(c)) {
    const place = tensors.get(name);
    if (!place)
      throw new WorkbenchError(
        'notFound',
        `${folder}: config.json asks for the tensor '${name}', which the checkpoint does not hold`,
        'Is the download complete?',
      );
    if (`${place.shape}` !== `${shape}`)
      throw new WorkbenchError(
        'mismatch',
        `${place.file}: '${name}' has shape [${place.shape}], config.json implies [${shape}]`,
      );
    if (!elementTypes[place.dtype])
      throw new WorkbenchError(
        'unsupported',
        `${place.file}: '${name}' is stored as ${place.dtype}`,
        'Use F32, F16 or BF16.',
      );
  }
}

/**
 * The base's weights as F32 values of a graph, over constants that the runtime reads in place from their files: dequantised
 * where there is a quantised copy, upcast where they are stored in 16 bits.
 */
export function externalWeights(g: Graph, tensors: ReadonlyMap<string, TensorPlace>): (name: string) => Value {
  return name =>
    g.once(`weight:${name}`, () => {
      const place = tensors.get(name);
      const quantized = quantizedRows(tensors, [name]);
      if (quantized) return dequantize(g, quantized);
      if (!place) throw new WorkbenchError('notFound', `the base's checkpoint holds no tensor '${name}'`);
      return op.cast(g, stored(g, name, place), 'float32');
    });
}

/** A weight of the base as it is stored. */
function stored(g: Graph, name: string, place: TensorPlace): Value {
  return g.once(`stored:${name}`, () => g.external(name, elementTypes[place.dtype]!, place.shape, place));
}

/** How the products with frozen weights are computed. */
export interface ProductOptions {
  /** Weights in 16 bits that each product upcasts anew (`dequantizeAtUse`). */
  halves?: ReadonlySet<string> | undefined;
  /** For products in 8 bits; in F32 without it. */
  int8?: Int8Source | undefined;
}

/** The last step of building a graph with a backward pass: what its products with frozen weights read, and how. */
export function lowerProducts(g: Graph, weight: (name: string) => Value, { halves, int8 }: ProductOptions = {}): void {
  const inFloat: ProductLowering = (_, { x, name, transB, bias }) => void op.gemm(g, x, weight(name), { transB }, bias);
  lowerBaseProducts(g, int8 ? int8Products(int8, inFloat) : inFloat);
  dequantizeAtUse(g, halves);
}

/** `lowerProducts` over a base as it is given: in 8 bits where there are codes beside its tensors. */
export function lowerAsGiven(g: Graph, c: BaseConfig, tensors: ReadonlyMap<string, TensorPlace>): void {
  const isInt8 = hasInt8Codes(c, tensors);
  // All that such products leave to F32 is the vocabulary's backward one.
  const options = isInt8 ? { int8: int8Source(c, tensors), halves: new Set([outputWeight(c)]) } : {};
  lowerProducts(g, externalWeights(g, tensors), options);
}

/** x […, in] and the names of weights [out, in], stacked along the rows → x Wᵀ + bias, […, Σ out]. */
export type Product = (x: Value, weights: string[], bias?: Value) => Value;

/**
 * Products with the base's weights: one for any number of weights, which reads quantised ones as codes; in 8 bits where the
 * base has codes for that.
 */
export function externalProduct(g: Graph, source: Int8ForwardSource): Product {
  const { tensors } = source;
  const weight = externalWeights(g, tensors);
  /** The runtime joins weights once, when it compiles the graph: as they are stored, because it holds both forms meanwhile. */
  const joined = (names: string[]): Value => {
    const places = names.map(name => tensors.get(name)!);
    if (names.length === 1 || places.some(place => place.dtype !== places[0]!.dtype))
      return op.concat(g, names.map(weight), 0);
    return op.cast(
      g,
      op.concat(
        g,
        places.map((place, i) => stored(g, names[i]!, place)),
        0,
      ),
      'float32',
    );
  };
  return (x, weights, bias) => {
    const quantized = quantizedRows(tensors, weights);
    if (quantized) return matMulBlocks(g, x, quantized, bias);
    if (hasCodes(tensors, weights[0]!)) return int8Forward(g, source, x, weights, bias);
    const y = op.project(g, x, joined(weights));
    return bias ? op.add(g, y, bias) : y;
  };
}
