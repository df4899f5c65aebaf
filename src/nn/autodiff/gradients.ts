import { WorkbenchError } from '../../protocol/errors.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { gradientRules } from './gradientRules.ts';
import { halfStore } from './halfStore.ts';
import { dropUnread, recomputed, type Segment, segmentNodes } from './recompute.ts';

export interface GradientOptions {
  /** Gradient checkpointing: the backward pass recomputes the activations within these. */
  segments?: Segment[];
  /** Which results on a path from wanted values are stored in half floats for the backward pass; none without it. */
  isStoredInHalf?: (value: Value) => boolean;
}

/**
 * Appends to `g` the nodes that compute d loss / d wrt, by reverse-mode differentiation
 * (Linnainmaa 1970). `loss` is a scalar; only paths that lead to a wanted value are walked.
 * Throws `runtime` when an operator on such a path has no gradient rule, or when the loss does not
 * depend on a wanted value at all.
 */
export function gradients(g: Graph, loss: Value, wrt: Value[], o: GradientOptions = {}): Value[] {
  const { segments = [], isStoredInHalf = () => false } = o;
  const needs = new Set<Value>(wrt);
  const forward = [...g.nodes];
  for (const node of forward) if (node.inputs.some(v => v && needs.has(v))) for (const o of node.outputs) needs.add(o);

  const gradient = new Map<Value, Value>([[loss, g.constant(Float32Array.of(1), loss.shape as number[])]]);
  const accumulate = (v: Value, dv: Value) => {
    const known = gradient.get(v);
    gradient.set(v, known ? op.add(g, known, dv) : dv);
  };

  const segmentOf = new Map(segments.flatMap(s => segmentNodes(forward, s).map(node => [node, s] as const)));
  const copies = new Map<Segment, Map<Value, Value>>();
  const halves = halfStore(g, forward);
  const stored = (v: Value, after: Value) => (needs.has(v) && isStoredInHalf(v) ? halves.read(v, after) : v);
  /** The node as the backward pass reads it, once `dy` is there, the gradient of its result. */
  const asRead = (node: Node, dy: Value): Node => {
    const segment = segmentOf.get(node);
    const after = segment && gradient.get(segment.to);
    if (after && !copies.has(segment)) {
      const start = stored(segment.from, after);
      const from = start === segment.from ? op.afterwards(g, start, after) : start;
      copies.set(segment, recomputed(g, forward, segment, needs, from));
    }
    const known = after && copies.get(segment);
    const read = (v: Value) => known?.get(v) ?? stored(v, dy);
    return { ...node, inputs: node.inputs.map(v => v && read(v)), outputs: node.outputs.map(read) };
  };

  for (const node of [...forward].reverse()) {
    if (!node.outputs.some(o => needs.has(o) && gradient.has(o))) continue;
    const wants = (i: number) => node.inputs[i] !== undefined && needs.has(node.inputs[i]);
    if (!node.inputs.some((_, i) => wants(i))) continue;
    inputGradients(g, node, asRead, gradient, wants).forEach((dv, i) => {
      if (dv && wants(i)) accumulate(node.inputs[i]!, dv);
    });
  }
  dropUnread(g, new Set([...copies.values()].flatMap(values => [...values.values()])));
  halves.store();
  return wrt.map(v => {
    const dv = gradient.get(v);
    if (!dv) throw new WorkbenchError('runtime', `autodiff: the loss does not depend on '${v.name}'`);
    return dv;
  });
}

function inputGradients(
  g: Graph,
  node: Node,
  asRead: (node: Node, dy: Value) => Node,
  gradient: Map<Value, Value>,
  wants: (i: number) => boolean,
) {
  if (node.op === 'Split') return [splitGradient(g, node, gradient)];
  const rule = gradientRules[node.op];
  if (!rule) throw new WorkbenchError('runtime', `autodiff: no gradient rule for operator ${node.op}`);
  const dy = gradient.get(node.outputs[0]!)!;
  return rule(g, asRead(node, dy), dy, wants);
}

/** The pieces' gradients joined again; a piece that nothing used contributes zeros. */
function splitGradient(g: Graph, node: Node, gradient: Map<Value, Value>): Value {
  const pieces = node.outputs.map(
    o => gradient.get(o) ?? g.node('ConstantOfShape', [g.shapeValue(o.shape)], [{ type: o.type, shape: o.shape }])[0]!,
  );
  return op.concat(g, pieces, node.attributes.axis as number);
}
