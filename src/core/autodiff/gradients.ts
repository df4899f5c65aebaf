import { WorkbenchError } from '../../shared/errors.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { gradientRules } from './gradientRules.ts';
import { dropUnread, recomputed, type Segment, segmentNodes } from './recompute.ts';

/**
 * Appends to `g` the nodes that compute d loss / d wrt, by reverse-mode differentiation
 * (Linnainmaa 1970). `loss` is a scalar; only paths that lead to a wanted value are walked. What lies within one of
 * `segments` is computed a second time for it, instead of being kept.
 * Throws `runtime` when an operator on such a path has no gradient rule, or when the loss does not
 * depend on a wanted value at all.
 */
export function gradients(g: Graph, loss: Value, wrt: Value[], segments: Segment[] = []): Value[] {
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
  /** The node as the backward pass reads it. */
  const asRead = (node: Node): Node => {
    const segment = segmentOf.get(node);
    const after = segment && gradient.get(segment.to);
    if (!after) return node;
    const known = copies.get(segment) ?? recomputed(g, forward, segment, needs, after);
    copies.set(segment, known);
    const copy = <V extends Value | undefined>(v: V) => ((v && known.get(v)) ?? v) as V;
    return { ...node, inputs: node.inputs.map(copy), outputs: node.outputs.map(copy) };
  };

  for (const node of [...forward].reverse()) {
    if (!node.outputs.some(o => needs.has(o) && gradient.has(o))) continue;
    const wants = (i: number) => node.inputs[i] !== undefined && needs.has(node.inputs[i]);
    if (!node.inputs.some((_, i) => wants(i))) continue;
    inputGradients(g, node, asRead(node), gradient, wants).forEach((dv, i) => {
      if (dv && wants(i)) accumulate(node.inputs[i]!, dv);
    });
  }
  dropUnread(g, new Set([...copies.values()].flatMap(values => [...values.values()])));
  return wrt.map(v => {
    const dv = gradient.get(v);
    if (!dv) throw new WorkbenchError('runtime', `autodiff: the loss does not depend on '${v.name}'`);
    return dv;
  });
}

function inputGradients(
  g: Graph,
  node: Node,
  asRead: Node,
  gradient: Map<Value, Value>,
  wants: (i: number) => boolean,
) {
  if (node.op === 'Split') return [splitGradient(g, node, gradient)];
  const rule = gradientRules[node.op];
  if (!rule) throw new WorkbenchError('runtime', `autodiff: no gradient rule for operator ${node.op}`);
  return rule(g, asRead, gradient.get(node.outputs[0]!)!, wants);
}

/** The pieces' gradients joined again; a piece that nothing used contributes zeros. */
function splitGradient(g: Graph, node: Node, gradient: Map<Value, Value>): Value {
  const pieces = node.outputs.map(
    o => gradient.get(o) ?? g.node('ConstantOfShape', [g.shapeValue(o.shape)], [{ type: o.type, shape: o.shape }])[0]!,
  );
  return op.concat(g, pieces, node.attributes.axis as number);
}
