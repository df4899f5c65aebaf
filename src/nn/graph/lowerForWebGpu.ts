import { WorkbenchError } from '../../protocol/errors.ts';
import { Graph, type Node, type Value } from './graph.ts';
import * as op from './ops.ts';

/**
 * The same computation in operators for which onnxruntime 1.30 has WebGPU kernels. What has none runs on the CPU, with
 * its operands copied there and its result copied back: in a training step that was the whole attention, the loss over
 * the vocabulary and zeros of the size of the logits. Throws `unsupported` for what a kernel would leave out.
 */
export function lowerForWebGpu(graph: Graph): Graph {
  const lowered = new Graph('webgpu.');
  lowered.inputs.push(...graph.inputs);
  lowered.outputs.push(...graph.outputs);
  lowered.initializers.push(...graph.initializers);
  for (const node of graph.nodes) {
    const rule = rules[node.op];
    if (!rule?.(lowered, node)) lowered.nodes.push(node);
  }
  return lowered;
}

/** Appends nodes that compute the node's own results; false where the node may stay as it is. */
type Rule = (g: Graph, node: Node) => boolean;

/**
 * Buffers that one kernel may use: WebGPU guarantees eight, and a split needs one for what it reads. Joining has no such
 * limit, because onnxruntime does it in several kernels.
 */
const mostPieces = 7;

const rules: Record<string, Rule> = {
  FusedMatMul(g, { inputs, outputs, attributes }) {
    const [a, b] = inputs as [Value, Value];
    const { float: alpha } = attributes.alpha as { float: number };
    const [x, y] = [attributes.transA ? swapLast(g, a) : a, attributes.transB ? swapLast(g, b) : b];
    emit(g, 'MatMul', [alpha === 1 ? x : op.mul(g, x, g.scalar(alpha)), y], outputs[0]!);
    return true;
  },

  // x − max − log Σ exp(x − max)
  LogSoftmax(g, { inputs, outputs }) {
    const x = inputs[0]!;
    const row = { type: x.type, shape: x.shape.map((d, i) => (i === x.shape.length - 1 ? 1 : d)) };
    const max = g.node('ReduceMax', [x, g.ints([x.shape.length - 1])], [row], { keepdims: 1 })[0]!;
    const shifted = op.sub(g, x, max);
    emit(g, 'Sub', [shifted, op.log(g, op.reduceSum(g, op.exp(g, shifted), [-1]))], outputs[0]!);
    return true;
  },

  ConstantOfShape(g, { inputs, outputs, attributes }) {
    if (outputs[0]!.type !== 'float32' || 'value' in attributes) return false;
    emit(g, 'Expand', [g.scalar(0), inputs[0]!], outputs[0]!);
    return true;
  },

  // 64-bit integers stay on the CPU; of two vectors that broadcast to a matrix, the vectors are copied, not the matrix.
  Greater(g, { inputs, outputs }) {
    const [a, b] = inputs as [Value, Value];
    if (a.type !== 'int64') return false;
    emit(g, 'Greater', [op.cast(g, a, 'int32'), op.cast(g, b, 'int32')], outputs[0]!);
    return true;
  },

  // Not every GPU computes with half floats. The table is upcast when the graph is compiled, as constants of products are;
  // the Cast of the gathered rows then has nothing to do.
  Gather(g, { inputs, outputs, attributes }) {
    const [table, indices] = inputs as [Value, Value];
    if (table.type !== 'float16') return false;
    const wide = g.once(`wide:${table.name}`, () => op.cast(g, table, 'float32'));
    const rows: Value = { ...outputs[0]!, type: 'float32' };
    g.nodes.push({ op: 'Gather', domain: '', inputs: [wide, indices], outputs: [rows], attributes });
    return true;
  },

  GroupQueryAttention(_g, { attributes }) {
    if (!('softcap' in attributes)) return false;
    throw new WorkbenchError('unsupported', 'attention with capped scores, of which WebGPU leaves the cap out');
  },

  Split(g, { inputs, outputs, attributes }) {
    if (outputs.length <= mostPieces) return false;
    const axis = attributes.axis as number;
    let at = 0;
    for (const piece of outputs) {
      const range = [[at], [(at += piece.shape[axis] as number)], [axis]].map(v => g.ints(v));
      emit(g, 'Slice', [inputs[0]!, ...range], piece);
    }
    return true;
  },
};

/** A node with a result that is there already. */
function emit(g: Graph, operator: string, inputs: Value[], output: Value): void {
  g.nodes.push({ op: operator, domain: '', inputs, outputs: [output], attributes: {} });
}

function swapLast(g: Graph, x: Value): Value {
  const rank = x.shape.length;
  return op.transpose(
    g,
    x,
    x.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i)),
  );
}
