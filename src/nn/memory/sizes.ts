import { WorkbenchError } from '../../protocol/errors.ts';
import type { Dim, ElementType, Value } from '../graph/graph.ts';

/** The values of a graph's named sizes at one execution: B rows, T tokens, M trained tokens, and so on. */
export type Sizes = Readonly<Record<string, number>>;

const elementBytes: Record<ElementType, number> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  uint8: 1,
  int8: 1,
  uint4: 0.5,
  bool: 1,
};

/** Bytes of a value. Throws `runtime` for a size that is not given. */
export function valueBytes({ type, shape }: Pick<Value, 'type' | 'shape'>, sizes: Sizes): number {
  return shape.reduce<number>((n, dim) => n * sizeOf(dim, sizes), elementBytes[type]);
}

/** A dimension in numbers. Throws `runtime` for a size that is not given; `3R` is three times R, N is B · T, BP is B · P. */
export function sizeOf(dim: Dim, sizes: Sizes): number {
  return factorsOf(dim).reduce<number>((product, factor) => {
    const size = typeof factor === 'number' ? factor : sizes[factor];
    if (size === undefined) throw new WorkbenchError('runtime', `the size '${factor}' is not given`);
    return product * size;
  }, 1);
}

/** A dimension as a product of numbers and of names that have no parts. */
export function factorsOf(dim: Dim): Dim[] {
  if (typeof dim === 'number') return [dim];
  if (dim === 'N') return ['B', 'T'];
  if (dim === 'BP') return ['B', 'P'];
  const [, factor, name] = /^(\d+)(\w+)$/.exec(dim) ?? [];
  return factor ? [Number(factor), ...factorsOf(name!)] : [dim];
}
