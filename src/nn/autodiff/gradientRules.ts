import { baseProductBack } from '../graph/baseProduct.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';

/**
 * The gradient of one operator: from the gradient `dy` of its result to the gradients of its inputs.
 * `wants(i)` says whether input i needs one; a rule may return undefined for those that do not.
 */
export type GradientRule = (g: Graph, node: Node, dy: Value, wants: (i: number) => boolean) => (Value | undefined)[];

const first = (n: Node): Value => n.inputs[0]!;
const second = (n: Node): Value => n.inputs[1]!;
const result = (n: Node): Value => n.outputs[0]!;
const flag = (n: Node, name: string): boolean => n.attributes[name] === 1;

/** One rule per operator, by ONNX name. Split is handled by the reverse walk, because it has several results. */
export const gradientRules: Record<string, GradientRule> = {
  Identity: (_g, _n, dy) => [dy],

  Add: (g, n, dy, wants) => [0, 1].map(i => (wants(i) ? op.sumTo(g, dy, n.inputs[i]!.shape) : undefined)),

  Sub: (g, n, dy, wants) => [
    wants(0) ? op.sumTo(g, dy, first(n).shape) : undefined,
    wants(1) ? op.sumTo(g, op.neg(g, dy), second(n).shape) : undefined,
  ],

  Mul: (g, n, dy, wants) => [
    wants(0) ? op.sumTo(g, op.mul(g, dy, second(n)), first(n).shape) : undefined,
    wants(1) ? op.sumTo(g, op.mul(g, dy, first(n)), second(n).shape) : undefined,
  ],

  Div: (g, n, dy, wants) => [
    wants(0) ? op.sumTo(g, op.div(g, dy, second(n)), first(n).shape) : undefined,
    wants(1) ? op.sumTo(g, op.neg(g, op.div(g, op.mul(g, dy, result(n)), second(n))), second(n).shape) : undefined,
  ],

  Neg: (g, _n, dy) => [op.neg(g, dy)],
  Exp: (g, n, dy) => [op.mul(g, dy, result(n))],
  Log: (g, n, dy) => [op.div(g, dy, first(n))],
  Sqrt: (g, n, dy) => [op.div(g, op.mul(g, dy, g.scalar(0.5)), result(n))],
  Reciprocal: (g, n, dy) => [op.neg(g, op.mul(g, dy, op.mul(g, result(n), result(n))))],

  Sigmoid: (g, n, dy) => {
    const y = result(n);
    return [op.mul(g, dy, op.mul(g, y, op.sub(g, g.scalar(1), y)))];
  },

  // silu' = s + y · (1 − s), s = sigmoid(x)
  QuickGelu: (g, n, dy) => {
    const s = op.sigmoid(g, first(n));
    return [op.mul(g, dy, op.add(g, s, op.mul(g, result(n), op.sub(g, g.scalar(1), s))))];
  },

  Tanh: (g, n, dy) => {
    const y = result(n);
    return [op.mul(g, dy, op.sub(g, g.scalar(1), op.mul(g, y, y)))];
  },

  // y = x · Φ(x):  y' = Φ(x) + x · φ(x)
  Gelu: (g, n, dy) => {
    const x = first(n);
    const below = op.mul(g, op.add(g, op.erf(g, op.mul(g, x, g.scalar(Math.SQRT1_2))), g.scalar(1)), g.scalar(0.5));
    const density = op.exp(g, op.mul(g, op.mul(g, x, x), g.scalar(-0.5)));
    const along = op.mul(g, op.mul(g, x, density), g.scalar(1 / Math.sqrt(2 * Math.PI)));
    return [op.mul(g, dy, op.add(g, below, along))];
  },

  // y = x/2 · (1 + t), t = tanh(a·x + b·x³):  y' = (1 + t)/2 + x/2 · (1 − t²) · (a + 3b·x²)
  FastGelu: (g, n, dy) => {
    const x = first(n);
    const a = Math.sqrt(2 / Math.PI);
    const b = 0.044715 * a;
    const square = op.mul(g, x, x);
    const t = op.tanh(g, op.mul(g, x, op.add(g, op.mul(g, square, g.scalar(b)), g.scalar(a))));
    const slope = op.mul(g, x, op.add(g, op.mul(g, square, g.scalar(1.5 * b)), g.scalar(0.5 * a)));
    const outer = op.add(g, op.mul(g, t, g.scalar(0.5)), g.scalar(0.5));
    const inner = op.mul(g, slope, op.sub(g, g.scalar(1), op.mul(g, t, t)));
    return [op.mul(g, dy, op.add(g, outer, inner))];
  },

  Softmax: (g, n, dy) => {
    const p = result(n);
    const t = op.mul(g, dy, p);
    return [op.sub(g, t, op.mul(g, p, op.reduceSum(g, t, [-1])))];
  },

  LogSoftmax: (g, n, dy) => [op.sub(g, dy, op.mul(g, op.exp(g, result(n)), op.reduceSum(g, dy, [-1])))],

  Gemm: (g, n, dy, wants) => {
    const [a, b] = [first(n), second(n)];
    const [tA, tB] = [flag(n, 'transA'), flag(n, 'transB')];
    return [
      wants(0)
        ? tA
          ? op.gemm(g, b, dy, { transA: tB, transB: true })
          : op.gemm(g, dy, b, { transB: !tB })
        : undefined,
      wants(1)
        ? tB
          ? op.gemm(g, dy, a, { transA: true, transB: tA })
          : op.gemm(g, a, dy, { transA: !tA })
        : undefined,
      wants(2) ? op.sumTo(g, dy, n.inputs[2]!.shape) : undefined,
    ];
  },

  // The base is frozen: its weight gets no gradient.
  BaseProduct: (g, n, dy, wants) => [
    wants(0) ? baseProductBack(g, dy, n) : undefined,
    wants(1) ? op.sumTo(g, dy, n.inputs[1]!.shape) : undefined,
  ],

  FusedMatMul: (g, n, dy, wants) => {
    const [a, b] = [first(n), second(n)];
    const [tA, tB] = [flag(n, 'transA'), flag(n, 'transB')];
    const { float: alpha } = n.attributes.alpha as { float: number };
    return [
      wants(0)
        ? tA
          ? op.matmul(g, b, dy, { transA: tB, transB: true, alpha })
          : op.matmul(g, dy, b, { transB: !tB, alpha })
        : undefined,
      wants(1)
        ? tB
          ? op.matmul(g, dy, a, { transA: true, transB: tA, alpha })
          : op.matmul(g, a, dy, { transA: !tA, alpha })
        : undefined,
    ];
  },

  // y = x · r · w with r = 1/rms(x):  dx = r·(dy·w) − x · r³/dim · Σ (dy·w)·x
  SimplifiedLayerNormalization: (g, n, dy, wants) => {
    const [x, w] = [first(n), second(n)];
    const dim = x.shape.at(-1) as number;
    const { float: epsilon } = n.attributes.epsilon as { float: number };
    const mean = op.mul(g, op.reduceSumSquare(g, x, [-1]), g.scalar(1 / dim));
    const r = op.reciprocal(g, op.sqrt(g, op.add(g, mean, g.scalar(epsilon))));
    let dx: Value | undefined;
    if (wants(0)) {
      const dyw = op.mul(g, dy, w);
      const dot = op.reduceSum(g, op.mul(g, dyw, x), [-1]);
      const r3 = op.mul(g, op.mul(g, r, op.mul(g, r, r)), g.scalar(1 / dim));
      dx = op.sub(g, op.mul(g, dyw, r), op.mul(g, x, op.mul(g, dot, r3)));
    }
    return [dx, wants(1) ? op.sumTo(g, op.mul(g, dy, op.mul(g, x, r)), w.shape) : undefined];
  },

  // y = z · w + b, z = (x − mean)·r:  dx = r · (dz − mean(dz) − z · mean(dz · z)), dz = dy · w
  LayerNormalization: (g, n, dy, wants) => {
    const [x, w] = [first(n), second(n)];
    const mean = (v: Value) => op.mul(g, op.reduceSum(g, v, [-1]), g.scalar(1 / (x.shape.at(-1) as number)));
    const { float: epsilon } = n.attributes.epsilon as { float: number };
    const centred = op.sub(g, x, mean(x));
    const r = op.reciprocal(g, op.sqrt(g, op.add(g, mean(op.mul(g, centred, centred)), g.scalar(epsilon))));
    const z = op.mul(g, centred, r);
    let dx: Value | undefined;
    if (wants(0)) {
      const dz = op.mul(g, dy, w);
      const along = op.mul(g, z, mean(op.mul(g, dz, z)));
      dx = op.mul(g, op.sub(g, op.sub(g, dz, mean(dz)), along), r);
    }
    return [
      dx,
      wants(1) ? op.sumTo(g, op.mul(g, dy, z), w.shape) : undefined,
      wants(2) ? op.sumTo(g, dy, n.inputs[2]!.shape) : undefined,
    ];
  },

  // A rotation's transpose is the rotation by the opposite angle.
  RotaryEmbedding: (g, n, dy) => {
    const [, positions, cos, sin] = n.inputs as Value[];
    const { rotary_embedding_dim: dim, num_heads: heads } = n.attributes as Partial<Record<string, number>>;
    return [
      op.rotary(
        g,
        dy,
        positions!,
        cos!,
        g.once(`neg:${sin!.name}`, () => op.neg(g, sin!)),
        {
          part: dim === undefined || heads === undefined ? undefined : { dim, heads },
          interleaved: flag(n, 'interleaved'),
        },
      ),
    ];
  },

  Reshape: (g, n, dy) => [op.reshape(g, dy, first(n).shape)],

  Transpose: (g, n, dy) => {
    const perm = n.attributes.perm as number[];
    return [
      op.transpose(
        g,
        dy,
        perm.map((_, i) => perm.indexOf(i)),
      ),
    ];
  },

  ReduceSum: (g, n, dy) => [expandAs(g, n, dy)],

  ReduceSumSquare: (g, n, dy) => [op.mul(g, op.mul(g, first(n), g.scalar(2)), withReducedAxes(g, n, dy))],

  Gather: (g, n, dy) => {
    if (n.attributes.axis !== 0) {
      const back = op.scatterRows(g, [...first(n).shape].reverse(), second(n), op.transpose(g, dy, [1, 0]));
      return [op.transpose(g, back, [1, 0])];
    }
    return [op.scatterRows(g, first(n).shape, second(n), dy)];
  },

  GatherElements: (g, n, dy) => [op.scatterPick(g, first(n).shape, op.reshape(g, second(n), [first(n).shape[0]!]), dy)],

  Concat: (g, n, dy) => {
    const axis = n.attributes.axis as number;
    return op.split(
      g,
      dy,
      n.inputs.map(v => v!.shape[axis] as number),
      axis,
    );
  },
};

/** `dy` of a reduction in the shape of the reduction's operand. */
function expandAs(g: Graph, n: Node, dy: Value): Value {
  const { shape } = first(n);
  return g.node('Expand', [withReducedAxes(g, n, dy), g.shapeValue(shape)], [{ type: dy.type, shape }])[0]!;
}

/** `dy` of a reduction with the axes that it dropped put back, of size 1. */
function withReducedAxes(g: Graph, n: Node, dy: Value): Value {
  if (flag(n, 'keepdims')) return dy;
  const axes = reducedAxes(g, n);
  return op.reshape(
    g,
    dy,
    first(n).shape.map((d, i) => (axes.includes(i) ? 1 : d)),
  );
}

function reducedAxes(g: Graph, n: Node): number[] {
  const constant = g.initializers.find(i => i.value === second(n));
  if (!constant || !('bytes' in constant.data)) return [];
  const { bytes } = constant.data;
  return Array.from(new BigInt64Array(bytes.slice().buffer), Number);
}
