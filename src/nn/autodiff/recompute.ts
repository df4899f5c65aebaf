import type { Graph, Node, Value } from '../graph/graph.ts';

/** Part of a forward pass whose activations the backward pass recomputes instead of holding them in memory. */
export interface Segment {
  /** The checkpoint it starts from, which stays in memory. */
  from: Value;
  /** Its result. */
  to: Value;
}

/**
 * Gradient checkpointing (Chen et al. 2016): appends a second copy of the segment's nodes that lead to wanted values. The
 * copy starts from `start`, which has the numbers of `from` and comes from a node that waits for the gradient of the
 * segment's result. So the runtime executes the copy only when the backward pass needs it, and does not merge it with the
 * original, because the two read different values.
 *
 * @returns the copy of each value of the segment
 */
export function recomputed(
  g: Graph,
  forward: readonly Node[],
  { from, to }: Segment,
  needs: ReadonlySet<Value>,
  start: Value,
): Map<Value, Value> {
  const copies = new Map<Value, Value>([[from, start]]);
  for (const node of segmentNodes(forward, { from, to })) {
    if (!node.outputs.some(o => needs.has(o))) continue;
    const inputs = node.inputs.map(v => v && (copies.get(v) ?? v));
    const outputs = g.node(node.op, inputs, node.outputs, node.attributes, node.domain);
    for (const [i, o] of node.outputs.entries()) copies.set(o, outputs[i]!);
  }
  return copies;
}

/**
 * Removes the nodes that make these values and nothing else, where nothing reads them. The end of a segment is the
 * checkpoint that the next one started from, which is in memory: nothing reads its copy, which would hold its own inputs in
 * memory until the end.
 */
export function dropUnread(g: Graph, values: ReadonlySet<Value>): void {
  const read = new Set<Value | undefined>();
  const isNeeded = (node: Node): boolean => {
    const needed = node.outputs.some(o => read.has(o) || !values.has(o));
    if (needed) for (const v of node.inputs) read.add(v);
    return needed;
  };
  const kept = g.nodes.splice(0).reverse().filter(isNeeded).reverse();
  for (const node of kept) g.nodes.push(node);
}

/** The nodes between a segment's ends, in their order. */
export function segmentNodes(forward: readonly Node[], { from, to }: Segment): readonly Node[] {
  const index = (v: Value) => forward.findIndex(node => node.outputs.includes(v));
  return forward.slice(index(from) + 1, index(to) + 1);
}
