import type { Graph } from './graph.ts';

/** Names of the values that a graph's outputs depend on. Its nodes are in an order in which they can be executed. */
export function neededValues(graph: Graph): Set<string> {
  const needed = new Set(graph.outputs.map(v => v.name));
  for (const node of graph.nodes.toReversed())
    if (node.outputs.some(v => needed.has(v.name))) for (const v of node.inputs) if (v) needed.add(v.name);
  return needed;
}
