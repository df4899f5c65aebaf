import type { Graph, Value } from '../graph/graph.ts';
import { executionOrder } from './executionOrder.ts';
import { valueBytes } from './sizes.ts';

/**
 * Bytes of the constants that a compiled graph holds on the CPU. Nodes of constants alone are computed when the graph is
 * compiled, so what counts is what the others read. A table of which rows are gathered and no more stays in its file, and
 * of it the rows that occur are read.
 */
export function constantMemory(g: Graph): number {
  const order = executionOrder(g);
  const computed = new Set([...g.inputs, ...order.flatMap(node => node.outputs)]);
  const constants = new Set<Value>();
  for (const { op, inputs } of order)
    for (const [i, v] of inputs.entries()) if (v && !computed.has(v) && !(op === 'Gather' && i === 0)) constants.add(v);
  return [...constants].reduce((sum, v) => sum + valueBytes(v, {}), 0);
}
