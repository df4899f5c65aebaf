import { WorkbenchError } from '../../protocol/errors.ts';
import type { Graph, Node, Value } from './graph.ts';

/** A frozen weight matrix [out, in] of the base, by its name in the checkpoint. */
export interface FrozenWeight {
  name: string;
  out: number;
  in: number;
}

/** Stands for a product with a frozen weight until `lowerBaseProducts` decides how it is computed. */
const baseProductOp = 'BaseProduct';

/** x Wᵀ + bias for x [N, in]: [N, out]. */
export function baseProduct(g: Graph, x: Value, { name, out, in: width }: FrozenWeight, bias?: Value): Value {
  if (x.shape.length !== 2 || x.shape[1] !== width)
    throw new WorkbenchError('runtime', `product: shapes [${x.shape}] and '${name}' [${out},${width}]ᵀ`);
  const attributes = { weight: name, out, in: width, transB: 1 };
  const result = { type: x.type, shape: [x.shape[0]!, out] };
  return g.node(baseProductOp, bias ? [x, bias] : [x], [result], attributes)[0]!;
}

/** dy W for the gradient dy [N, out] of such a product: [N, in]. */
export function baseProductBack(g: Graph, dy: Value, { attributes }: Node): Value {
  const result = { type: dy.type, shape: [dy.shape[0]!, attributes.in as number] };
  return g.node(baseProductOp, [dy], [result], { ...attributes, transB: 0 })[0]!;
}

/** One product: x Wᵀ + bias, or x W without `transB`. */
export interface BaseProduct extends FrozenWeight {
  x: Value;
  transB: boolean;
  bias: Value | undefined;
}

/** Appends the nodes that compute a product; the last of them makes its result. */
export type ProductLowering = (g: Graph, product: BaseProduct) => void;

/** Puts the nodes that compute them in the places of all products with frozen weights. */
export function lowerBaseProducts(g: Graph, lower: ProductLowering): void {
  for (const node of g.nodes.splice(0)) {
    if (node.op !== baseProductOp) {
      g.nodes.push(node);
      continue;
    }
    const { weight, out, in: width, transB } = node.attributes as Record<string, number | string>;
    const [x, bias] = node.inputs;
    lower(g, { name: `${weight}`, out: Number(out), in: Number(width), x: x!, transB: transB === 1, bias });
    g.nodes.push({ ...g.nodes.pop()!, outputs: node.outputs });
  }
}
