import type { Graph, Node, Value } from '../graph/graph.ts';

/** Part of a forward pass that is computed again for the backward pass, instead of being kept. */
export interface Segment {
  /** What it starts from; kept. */
  from: Value;
  /** Its result. */
  to: Value;
}

/**
 * Gradient checkpointing (Chen et al. 2016): a second copy of the segment's nodes that lead to wanted values. The copy
 * starts from `start`, which is `from` by another node that waits for the gradient of the segment's result: so it is computed
 * when it is needed and not before, and is another expression than the original, which the runtime does not merge with it.
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
 * Removes the nodes that make these values and nothing else, where nothing reads them. The end of a segment is what the
 * next one started from, and is kept: its copy would be computed for nobody, and hold what it is made of until the end.
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
