import type { Graph, Node, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import { blockSize, bytesPerBlock } from './blocks.ts';

/**
 * Converts stored weights to F32 right where they are used, anew for each product: dequantises the quantised ones, and
 * upcasts those 16-bit ones that `halves` names. The forward and the backward pass both read a weight; converted once, it
 * would stay in memory between the two, and all weights together are the base in F32.
 *
 * So every product gets its own copy of the nodes that convert its weight. The runtime would merge equal nodes again, and
 * may execute nodes of constants alone at any time. Therefore what they read (of a quantised weight its scales) passes
 * through a Reshape to its own shape, which is computed from the shape of the product's other operand.
 *
 * `partnerOf` names another value than the operand, whose first size must be known at run time only.
 *
 * x Wᵀ with 4-bit weights becomes onnxruntime's fused operator, which dequantises while it multiplies. There is none for
 * x W, and with 8 bits it is slower than the two steps.
 */
export function dequantizeAtUse(
  g: Graph,
  halves: ReadonlySet<string> = new Set(),
  partnerOf = ({ inputs }: Node, i: number): Value => inputs[i === 0 ? 1 : 0]!,
): void {
  const conversions = conversionNodes(g, halves);
  if (conversions.size === 0) return;
  const removed = new Set([...conversions.values()].flat());
  const forward = g.nodes.splice(0);
  for (const node of forward) {
    if (removed.has(node)) continue;
    const weight = node.inputs[1] && conversions.get(node.inputs[1]);
    if (weight && node.op === 'Gemm' && node.attributes.transB === 1 && weight[0]!.inputs[0]!.type === 'uint4') {
      g.nodes.push(fusedProduct(g, node, weight[0]!));
      continue;
    }
    const inputs = node.inputs.map((input, i) => {
      const chain = input && conversions.get(input);
      return chain ? convertAgain(g, chain, partnerOf(node, i)) : input;
    });
    g.nodes.push({ ...node, inputs });
  }
}

/**
 * What a product reads as weight, and the nodes that compute it: DequantizeLinear, and Split where rows are padded; of a
 * matrix in 16 bits, Cast.
 */
function conversionNodes({ nodes }: Graph, halves: ReadonlySet<string>): Map<Value, Node[]> {
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

function convertAgain(g: Graph, [convert, split]: Node[], partner: Value): Value {
  const again = ({ op, domain, attributes, outputs }: Node, inputs: (Value | undefined)[]): Value =>
    g.node(op, inputs, outputs, attributes, domain)[0]!;
  const [stored, scales, zeroPoints] = convert!.inputs as [Value, Value, Value];
  if (convert!.op === 'Cast') return again(convert!, [op.afterwards(g, stored, partner)]);
  const converted = again(convert!, [stored, op.afterwards(g, scales, partner), zeroPoints]);
  return split ? again(split, [converted, split.inputs[1]]) : converted;
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
