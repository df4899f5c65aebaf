import type { Graph, Node, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { dropUnread } from './recompute.ts';

/** Results of a forward pass that its backward pass reads from copies in half floats. */
export interface HalfStore {
  /**
   * A result as the backward pass reads it, upcast by nodes that do not run before `after` of its first reading is
   * computed. What is read after a scalar, which is the loss, stays in F32: the backward pass begins there.
   */
  read(value: Value, after: Value): Value;
  /** Lets the forward pass make the copies that are read; to be called when the backward pass is complete. */
  store(): void;
}

/**
 * Stores results of the forward pass in half floats until the backward pass reads them, as in mixed precision (Micikevicius
 * et al. 2018). Nothing else is in half floats: the forward pass continues with the F32 results, so that the loss keeps its
 * bits, and the backward pass computes in F32 with activations rounded to 11 bits.
 *
 * The runtime executes a node when the node that reads it is due. Two Reshapes therefore set the times. The forward pass
 * continues with the result reshaped to the shape of its copy, so that the copy is made at once. The copy passes through a
 * Reshape whose shape depends on `after`, so that it is upcast only when the backward pass has got there.
 */
export function halfStore(g: Graph, forward: readonly Node[]): HalfStore {
  const makers = new Map(forward.flatMap(node => node.outputs.map(v => [v, node] as const)));
  const copies = new Map<Value, { half: Value; nodes: Node[] }>();
  const upcasts = new Map<Value, Value>();
  const upcasting = new Set<Value>();

  const copyOf = (value: Value): Value => {
    const first = g.nodes.length;
    // A softmax's result, the largest of all activations, never exceeds 1: it needs no clipping.
    const half = makers.get(value)!.op === 'Softmax' ? op.cast(g, value, 'float16') : op.toHalf(g, value);
    copies.set(value, { half, nodes: g.nodes.splice(first) });
    return half;
  };
  const upcast = (value: Value, after: Value): Value => {
    const maker = makers.get(value)!;
    const [source, shape] = maker.inputs;
    // Two views of the same numbers share a copy.
    if (maker.op === 'Reshape' && makers.has(source!))
      return g.node('Reshape', [read(source!, after), shape], [value], maker.attributes)[0]!;
    return op.cast(g, op.afterwards(g, copyOf(value), after), 'float32');
  };
  const read = (value: Value, after: Value): Value => {
    if (!makers.has(value) || after.shape.length === 0) return value;
    const known = upcasts.get(value);
    if (known) return known;
    const first = g.nodes.length;
    const wide = upcast(value, after);
    for (const node of g.nodes.slice(first)) for (const v of node.outputs) upcasting.add(v);
    upcasts.set(value, wide);
    return wide;
  };

  return {
    read,
    store() {
      dropUnread(g, upcasting);
      const isRead = new Set(g.nodes.flatMap(node => node.inputs));
      const backward = g.nodes.splice(0).slice(forward.length);
      const continuesWith = new Map<Value, Value>();
      for (const node of forward) {
        g.nodes.push({ ...node, inputs: node.inputs.map(v => v && (continuesWith.get(v) ?? v)) });
        for (const v of node.outputs) {
          const copy = copies.get(v);
          if (!copy || !isRead.has(copy.half)) continue;
          g.nodes.push(...copy.nodes);
          continuesWith.set(v, op.withShapeOf(g, v, copy.half));
        }
      }
      g.nodes.push(...backward);
    },
  };
}
