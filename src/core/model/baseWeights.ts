import { WorkbenchError } from '../../shared/errors.ts';
import type { ElementType, Graph, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { DType } from '../tensor/dtype.ts';
import type { BaseConfig } from './config.ts';
import { baseTensors } from './layout.ts';

/** Where the bytes of one tensor lie. */
export interface TensorPlace {
  /** File name within the base's folder. */
  file: string;
  dtype: DType;
  shape: number[];
  /** Offset in the file, and length, in bytes. */
  offset: number;
  length: number;
}

const elementTypes: Partial<Record<DType, ElementType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * Throws when a checkpoint lacks a tensor (`notFound`), holds it in another shape (`mismatch`) or in a
 * type that is not F32, F16 or BF16 (`unsupported`); each names the tensor. Tensors beyond those the
 * architecture defines are ignored, as transformers does (old checkpoints carry rotary tables).
 */
export function checkBaseTensors(c: BaseConfig, tensors: ReadonlyMap<string, TensorPlace>): void {
  for (const [name, shape] of baseTensors(c)) {
    const place = tensors.get(name);
    if (!place)
      throw new WorkbenchError(
        'notFound',
        `the base's checkpoint holds no tensor '${name}'`,
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

/** The base's weights as constants of a graph, read in place from their files and widened to F32. */
export function externalWeights(g: Graph, tensors: ReadonlyMap<string, TensorPlace>): (name: string) => Value {
  return name =>
    g.once(`weight:${name}`, () => {
      const place = tensors.get(name);
      if (!place) throw new WorkbenchError('notFound', `the base's checkpoint holds no tensor '${name}'`);
      const type = elementTypes[place.dtype]!;
      return op.cast(g, g.external(name, type, place.shape, place), 'float32');
    });
}
