import type { Graph, Value } from '../graph/graph.ts';
import { executionOrder } from './executionOrder.ts';
import { valueBytes } from './sizes.ts';

/**
 * Bytes of the constants that a compiled graph holds on the CPU. Nodes of constants alone are computed when the graph is
 * compiled, so what counts is what the others read.
 */
export function constantMemory(g: Graph): number {
  const order = executionOrder(g);
  const computed = new Set([...g.inputs, ...order.flatMap(node => node.outputs)]);
  const constants = new Set<Value>();
  for (const node of order) for (const v of node.inputs) if (v && !computed.has(v)) constants.add(v);
  return [...constants].reduce((sum, v) => sum + valueBytes(v, {}), 0);
}
