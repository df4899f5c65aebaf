import type { Graph, Value } from '../src/nn/graph/graph.ts';
import * as op from '../src/nn/graph/ops.ts';
import type { BaseConfig } from '../src/nn/model/config.ts';

/** Gives every quantised tensor one scale in place of one for each row: a token's outliers then take the digits of all others. */
export function oneScaleForAll(g: Graph): void {
  const magnitudes = new Set(g.nodes.filter(node => node.op === 'Abs').map(node => node.outputs[0]));
  for (const [i, node] of g.nodes.entries())
    if (node.op === 'ReduceMax' && magnitudes.has(node.inputs[0]))
      g.nodes[i] = { ...node, inputs: [node.inputs[0], g.ints([0, 1])] };
}

/** Rounds the gradients of logits once to 8 bits before the vocabulary's backward product reads them. */
export function roundedLogitGradients(g: Graph, { vocab, dim }: BaseConfig): void {
  for (const node of g.nodes.splice(0)) {
    const [dy, ...others] = node.inputs;
    const isIt = node.op === 'Gemm' && dy!.shape[1] === vocab && node.outputs[0]!.shape[1] === dim;
    g.nodes.push(isIt ? { ...node, inputs: [roundedOnce(g, dy!), ...others] } : node);
  }
}

/** Rows as 255 codes times a scale of their own. */
function roundedOnce(g: Graph, x: Value): Value {
  const step = op.mul(g, op.reduceMax(g, op.abs(g, x), [-1]), g.scalar(1 / 127));
  const [codes] = g.node('Round', [op.div(g, x, step)], [{ type: x.type, shape: x.shape }]);
  return op.mul(g, codes!, step);
}
