import type { Dim, Graph } from '../graph/graph.ts';
import { executionOrder } from './executionOrder.ts';
import { factorsOf, type Sizes, sizeOf } from './sizes.ts';

const inFloat = ['Gemm', 'FusedMatMul', 'MatMulNBits'];
const inIntegers = ['MatMulIntegerToFloat'];
/** Which products count, by their operators. */
const counted = { all: new Set([...inFloat, ...inIntegers]), integers: new Set(inIntegers) };

/**
 * Operations of a graph's matrix products, or of those of integers alone, a multiplication and an addition each counting one, as a
 * function of the sizes of an execution: thousands of executions are counted without reading the graph again.
 */
export function matrixOperations(g: Graph, which: keyof typeof counted = 'all'): (sizes: Sizes) => number {
  /** Names of sizes, multiplied → how often. */
  const terms = new Map<string, number>();
  for (const { op, inputs, outputs, attributes } of executionOrder(g)) {
    if (!counted[which].has(op)) continue;
    const inner = inputs[0]!.shape.at(attributes.transA === 1 ? -2 : -1)!;
    const factors = [...outputs[0]!.shape, inner].flatMap(factorsOf);
    const names = factors.filter(f => typeof f === 'string').sort();
    const count = factors.reduce<number>((n, f) => (typeof f === 'number' ? n * f : n), 2);
    terms.set(`${names}`, (terms.get(`${names}`) ?? 0) + count);
  }
  const parts = [...terms].map(([names, count]) => ({ names: names.split(',').filter(Boolean) as Dim[], count }));
  return sizes =>
    parts.reduce((sum, { names, count }) => sum + names.reduce<number>((n, name) => n * sizeOf(name, sizes), count), 0);
}
