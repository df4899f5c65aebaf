import type { Graph, Node, Value } from '../graph/graph.ts';

/**
 * The order in which onnxruntime executes a graph's nodes: depth first from the nodes that nothing reads, the last of them
 * first, and of a node's inputs the one made by the latest node first (Graph::ReverseDFSFrom). Nodes of constants alone, but for
 * dequantisation, are left out: they are computed once, when the graph is compiled.
 */
export function executionOrder(g: Graph): Node[] {
  const folded = foldedNodes(g);
  const live = g.nodes.filter(node => !folded.has(node));
  const index = new Map(live.map((node, i) => [node, i]));
  const maker = new Map(live.flatMap(node => node.outputs.map(o => [o, node] as const)));
  const read = new Set(live.flatMap(node => node.inputs));
  const leaves = live.filter(node => !node.outputs.some(o => read.has(o)));
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack = leaves.map(node => ({ node, done: false }));
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { node, done } = entry;
    if (done) order.push(node);
    else if (!seen.has(node)) {
      seen.add(node);
      stack.push({ node, done: true });
      const makers = [...new Set(node.inputs.flatMap(v => (v && maker.get(v)) || []))];
      makers.sort((a, b) => index.get(a)! - index.get(b)!);
      for (const m of makers) if (!seen.has(m)) stack.push({ node: m, done: false });
    }
  }
  return order;
}

/** Nodes that the runtime executes once, when it compiles the graph. */
export function foldedNodes(g: Graph): Set<Node> {
  const constants = new Set<Value>(g.initializers.map(i => i.value));
  const folded = new Set<Node>();
  for (const node of g.nodes) {
    if (node.op === 'DequantizeLinear' || node.inputs.length === 0) continue;
    if (!node.inputs.every(v => !v || constants.has(v))) continue;
    folded.add(node);
    for (const o of node.outputs) constants.add(o);
  }
  return folded;
}
