import type { Graph, Node, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { dropUnread } from './recompute.ts';

/** Results of a forward pass that its backward pass reads from copies in half floats. */
export interface HalfStore {
  /**
   * A result as the backward pass reads it, from nodes that do not run before the `after` of its first reading. What is read
   * for a scalar, which is the loss, stays in F32: the backward pass has begun.
   */
  read(value: Value, after: Value): Value;
  /** Has the forward pass make the copies that something reads, when the backward pass is complete. */
  store(): void;
}

/**
 * Keeps results of the forward pass in half floats until the backward pass reads them, as in mixed precision (Micikevicius
 * et al. 2018). Nothing else is in halves: the forward pass goes on with what it has computed in F32, so that the loss
 * keeps its bits, and the backward pass computes in F32 with results rounded to 11 bits.
 *
 * The runtime runs a node when the one that reads it is due. So that a result is stored when it is made, and not when it is
 * wanted, the forward pass goes on with it in the shape, and no more than the shape, that it reads off the copy; so that it
 * is widened when it is wanted, the copy passes through a Reshape whose shape waits for `after`.
 */
export function halfStore(g: Graph, forward: readonly Node[]): HalfStore {
  const makers = new Map(forward.flatMap(node => node.outputs.map(v => [v, node] as const)));
  const copies = new Map<Value, { half: Value; nodes: Node[] }>();
  const widened = new Map<Value, Value>();
  const widening = new Set<Value>();

  const copyOf = (value: Value): Value => {
    const first = g.nodes.length;
    // A softmax is the largest of them, and never beyond 1.
    const half = makers.get(value)!.op === 'Softmax' ? op.cast(g, value, 'float16') : op.toHalf(g, value);
    copies.set(value, { half, nodes: g.nodes.splice(first) });
    return half;
  };
  const widen = (value: Value, after: Value): Value => {
    const maker = makers.get(value)!;
    const [source, shape] = maker.inputs;
    // Two views of the same numbers share a copy.
    if (maker.op === 'Reshape' && makers.has(source!))
      return g.node('Reshape', [read(source!, after), shape], [value], maker.attributes)[0]!;
    return op.cast(g, op.afterwards(g, copyOf(value), after), 'float32');
  };
  const read = (value: Value, after: Value): Value => {
    if (!makers.has(value) || after.shape.length === 0) return value;
    const known = widened.get(value);
    if (known) return known;
    const first = g.nodes.length;
    const wide = widen(value, after);
    for (const node of g.nodes.slice(first)) for (const v of node.outputs) widening.add(v);
    widened.set(value, wide);
    return wide;
  };

  return {
    read,
    store() {
      dropUnread(g, widening);
      const isRead = new Set(g.nodes.flatMap(node => node.inputs));
      const backward = g.nodes.splice(0).slice(forward.length);
      const goesOnWith = new Map<Value, Value>();
      for (const node of forward) {
        g.nodes.push({ ...node, inputs: node.inputs.map(v => v && (goesOnWith.get(v) ?? v)) });
        for (const v of node.outputs) {
          const copy = copies.get(v);
          if (!copy || !isRead.has(copy.half)) continue;
          g.nodes.push(...copy.nodes);
          goesOnWith.set(v, op.withShapeOf(g, v, copy.half));
        }
      }
      g.nodes.push(...backward);
    },
  };
}
