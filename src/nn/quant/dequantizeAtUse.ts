import type { Graph, Node, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { blockSize, bytesPerBlock } from './blocks.ts';

/**
 * Widens weights where they are used and not before, each time anew: those that are quantised and, of those in 16 bits,
 * the ones named in `halves`. A weight serves the forward and the backward pass, and widened once it would be kept from
 * the one to the other: all of them together are the base in F32.
 *
 * So every product gets its own copy of the nodes that widen its weight. Equal nodes would be merged again by the runtime,
 * and nodes that depend on constants alone run whenever it likes. Therefore what they read (of a quantised weight its
 * scales) passes through a Reshape to the shape it has, computed from the shape of what the product multiplies the weight
 * with.
 *
 * x Wᵀ with 4-bit weights becomes onnxruntime's fused operator, which widens while it multiplies; it has none for x W, and
 * with 8 bits it is slower than the two steps.
 */
export function dequantizeAtUse(g: Graph, halves: ReadonlySet<string> = new Set()): void {
  const widening = wideningNodes(g, halves);
  if (widening.size === 0) return;
  const removed = new Set([...widening.values()].flat());
  const forward = g.nodes.splice(0);
  for (const node of forward) {
    if (removed.has(node)) continue;
    const weight = node.inputs[1] && widening.get(node.inputs[1]);
    if (weight && node.op === 'Gemm' && node.attributes.transB === 1 && weight[0]!.inputs[0]!.type === 'uint4') {
      g.nodes.push(fusedProduct(g, node, weight[0]!));
      continue;
    }
    const inputs = node.inputs.map((input, i) => {
      const chain = input && widening.get(input);
      return chain ? widenAgain(g, chain, node.inputs[i === 0 ? 1 : 0]!) : input;
    });
    g.nodes.push({ ...node, inputs });
  }
}

/**
 * What a product reads as weight, and the nodes that compute it: DequantizeLinear, and Split where rows are filled up; of
 * a matrix in 16 bits, Cast.
 */
function wideningNodes({ nodes }: Graph, halves: ReadonlySet<string>): Map<Value, Node[]> {
  const found = new Map<Value, Node[]>();
  for (const node of nodes) {
    const read = node.inputs[0];
    const before = read && found.get(read);
    const isHalf = read && node.op === 'Cast' && halves.has(read.name);
    if (node.op === 'DequantizeLinear' || isHalf) found.set(node.outputs[0]!, [node]);
    else if (node.op === 'Split' && before) {
      found.delete(read);
      found.set(node.outputs[0]!, [...before, node]);
    }
  }
  return found;
}

function widenAgain(g: Graph, [widen, split]: Node[], partner: Value): Value {
  const again = ({ op, domain, attributes, outputs }: Node, inputs: (Value | undefined)[]): Value =>
    g.node(op, inputs, outputs, attributes, domain)[0]!;
  const [stored, scales, zeroPoints] = widen!.inputs as [Value, Value, Value];
  if (widen!.op === 'Cast') return again(widen!, [op.afterwards(g, stored, partner)]);
  const widened = again(widen!, [stored, op.afterwards(g, scales, partner), zeroPoints]);
  return split ? again(split, [widened, split.inputs[1]]) : widened;
}

/** The node with its own result, from the codes as bytes: two make one. In single floats throughout. */
function fusedProduct(g: Graph, { inputs, outputs }: Node, dequantize: Node): Node {
  const [x, , bias] = inputs as [Value, Value, Value | undefined];
  const [codes, scales] = dequantize.inputs as [Value, Value];
  const [rows, blocks] = scales.shape as [number, number];
  const bytes = g.once(`bytes:${codes.name}`, () => {
    const value: Value = { name: `${codes.name}:bytes`, type: 'uint8', shape: [rows, blocks, bytesPerBlock(4)] };
    const { data } = g.initializers.find(i => i.value === codes)!;
    g.initializers.push({ value, data });
    return value;
  });
  const attributes = { K: x.shape[1] as number, N: rows, bits: 4, block_size: blockSize, accuracy_level: 1 };
  const operands = bias ? [x, bytes, scales, undefined, undefined, bias] : [x, bytes, scales];
  return { op: 'MatMulNBits', domain: 'com.microsoft', inputs: operands, outputs, attributes };
}
