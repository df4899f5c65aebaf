import type { Dim, Graph } from '../graph/graph.ts';
import { executionOrder } from './executionOrder.ts';
import { factorsOf, type Sizes, sizeOf } from './sizes.ts';

const products = new Set(['Gemm', 'FusedMatMul', 'MatMulNBits', 'MatMulIntegerToFloat']);

/**
 * Floating-point operations of a graph's matrix products, a multiplication and an addition each counting one, as a
 * function of the sizes of an execution: thousands of executions are counted without reading the graph again.
 */
export function matrixOperations(g: Graph): (sizes: Sizes) => number {
  /** Names of sizes, multiplied → how often. */
  const terms = new Map<string, number>();
  for (const { op, inputs, outputs, attributes } of executionOrder(g)) {
    if (!products.has(op)) continue;
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
