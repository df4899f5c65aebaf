/** Operators: each appends one node (or reuses one) and states the type and shape of its result. */
import { WorkbenchError } from '../../protocol/errors.ts';
import { onnxElementCode } from './encodeModel.ts';
import type { Dim, ElementType, Graph, Value } from './graph.ts';

const contrib = 'com.microsoft';

function single(
  g: Graph,
  op: string,
  inputs: (Value | undefined)[],
  type: ElementType,
  shape: Dim[],
  attributes = {},
  domain = '',
): Value {
  return g.node(op, inputs, [{ type, shape }], attributes, domain)[0]!;
}

/** The shape two operands broadcast to (ONNX multidirectional broadcasting). Throws on a clash. */
export function broadcast(op: string, a: Dim[], b: Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new WorkbenchError('runtime', `${op}: shapes [${a}] and [${b}] do not broadcast`);
  });
}

const binary =
  (op: string) =>
  (g: Graph, a: Value, b: Value): Value =>
    single(g, op, [a, b], a.type, broadcast(op, a.shape, b.shape));
const unary =
  (op: string) =>
  (g: Graph, a: Value): Value =>
    single(g, op, [a], a.type, a.shape);

export const add = binary('Add');
export const sub = binary('Sub');
export const mul = binary('Mul');
export const div = binary('Div');
export const min = binary('Min');
export const max = binary('Max');
export const neg = unary('Neg');
export const abs = unary('Abs');
export const exp = unary('Exp');
export const log = unary('Log');
export const sqrt = unary('Sqrt');
export const reciprocal = unary('Reciprocal');
export const sigmoid = unary('Sigmoid');
export const tanh = unary('Tanh');
export const erf = unary('Erf');
/** Normalised over the last axis. */
export const softmax = unary('Softmax');
/** Normalised over the last axis. */
export const logSoftmax = unary('LogSoftmax');

/** x · sigmoid(x) (Elfwing et al. 2017), as onnxruntime's fused QuickGelu with alpha 1. */
export function silu(g: Graph, x: Value): Value {
  return single(g, 'QuickGelu', [x], x.type, x.shape, { alpha: { float: 1 } }, contrib);
}

/** x · Φ(x) with the normal distribution's Φ (Hendrycks & Gimpel 2016), as onnxruntime's fused Gelu. */
export function gelu(g: Graph, x: Value): Value {
  return single(g, 'Gelu', [x], x.type, x.shape, {}, contrib);
}

/** GELU by its approximation with tanh (Hendrycks & Gimpel 2016), as onnxruntime's fused FastGelu. */
export function geluTanh(g: Graph, x: Value): Value {
  return single(g, 'FastGelu', [x], x.type, x.shape, {}, contrib);
}

export interface Transposes {
  transA?: boolean;
  transB?: boolean;
}

/** op(a) · op(b) + c for matrices; c broadcasts. */
export function gemm(
  g: Graph,
  a: Value,
  b: Value,
  { transA = false, transB = false }: Transposes = {},
  c?: Value,
): Value {
  const [m, k] = transA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [k2, n] = transB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  if (a.shape.length !== 2 || b.shape.length !== 2 || k !== k2)
    throw new WorkbenchError(
      'runtime',
      `gemm: shapes [${a.shape}]${transA ? 'ᵀ' : ''} and [${b.shape}]${transB ? 'ᵀ' : ''}`,
    );
  return single(g, 'Gemm', c ? [a, b, c] : [a, b], a.type, [m, n], { transA: +transA, transB: +transB });
}

/** alpha · op(a) · op(b) over the last two axes; the leading axes must be equal. */
export function matmul(
  g: Graph,
  a: Value,
  b: Value,
  { transA = false, transB = false, alpha = 1 }: Transposes & { alpha?: number } = {},
): Value {
  const lead = a.shape.slice(0, -2);
  const [ar, ac] = a.shape.slice(-2) as [Dim, Dim];
  const [br, bc] = b.shape.slice(-2) as [Dim, Dim];
  const [m, k] = transA ? [ac, ar] : [ar, ac];
  const [k2, n] = transB ? [bc, br] : [br, bc];
  if (`${lead}` !== `${b.shape.slice(0, -2)}` || k !== k2)
    throw new WorkbenchError(
      'runtime',
      `matmul: shapes [${a.shape}] and [${b.shape}] (transA ${transA}, transB ${transB})`,
    );
  const attributes = { transA: +transA, transB: +transB, alpha: { float: alpha } };
  return single(g, 'FusedMatMul', [a, b], a.type, [...lead, m, n], attributes, contrib);
}

/**
 * x Wᵀ for x […, in] and W [out, in], one for all of x, or [B, out, in], one for each entry of the first axis of x. An axis
 * named S in place of B is 1 or B at an execution. The gradient rules know products of equal axes alone.
 */
export function project(g: Graph, x: Value, w: Value): Value {
  return product(g, x, w, true);
}

/** x W for x […, k] and W [k, out], [B, k, out] or [S, k, out], as in `project`. */
export function projectBack(g: Graph, x: Value, w: Value): Value {
  return product(g, x, w, false);
}

function product(g: Graph, x: Value, w: Value, transB: boolean): Value {
  const [k, out] = transB ? [w.shape.at(-1)!, w.shape.at(-2)!] : [w.shape.at(-2)!, w.shape.at(-1)!];
  if (x.shape.at(-1) !== k)
    throw new WorkbenchError('runtime', `product: shapes [${x.shape}] and [${w.shape}]${transB ? 'ᵀ' : ''}`);
  const attributes = { transA: 0, transB: +transB, alpha: { float: 1 } };
  return single(g, 'FusedMatMul', [x, w], x.type, [...x.shape.slice(0, -1), out], attributes, contrib);
}

function reduce(op: string) {
  return (g: Graph, x: Value, axes: number[], keepdims = true): Value => {
    const over = new Set(axes.map(a => (a < 0 ? a + x.shape.length : a)));
    const shape = x.shape.flatMap((d, i) => (over.has(i) ? (keepdims ? [1] : []) : [d]));
    return single(g, op, [x, g.ints([...over])], x.type, shape, { keepdims: +keepdims });
  };
}
export const reduceSum = reduce('ReduceSum');
export const reduceSumSquare = reduce('ReduceSumSquare');
/** No gradient rule. */
export const reduceMax = reduce('ReduceMax');

/** Same elements in another shape; sizes known only at run time must be defined in the graph. */
export function reshape(g: Graph, x: Value, shape: Dim[]): Value {
  if (`${shape}` === `${x.shape}`) return x;
  const unknown = shape.filter(d => typeof d === 'string').length;
  if (unknown === 1) {
    const target = g.ints(shape.map(d => (typeof d === 'string' ? -1 : d)));
    return single(g, 'Reshape', [x, target], x.type, shape);
  }
  // A run-time size of zero (an empty adapter bank) is meant as zero, not as 'keep'.
  return single(g, 'Reshape', [x, g.shapeValue(shape)], x.type, shape, { allowzero: 1 });
}

/**
 * `x`, from a node that the runtime executes only after `other`, although it reads no number of it; nothing is copied. The
 * first size of `other` must be known at run time only: for sizes that it knows before, the runtime does not wait. Throws
 * `runtime` for a scalar.
 */
export function afterwards(g: Graph, x: Value, other: Value): Value {
  if (other.shape.length === 0) throw new WorkbenchError('runtime', `afterwards: '${other.name}' is a scalar`);
  const size = single(g, 'Shape', [other], 'int64', [1], { start: 0, end: 1 });
  return single(g, 'Reshape', [x, add(g, shapeOf(g, x), mul(g, size, g.ints([0])))], x.type, x.shape);
}

/**
 * `x`, from a node that the runtime executes only after `like`, which has the same shape; nothing is copied. Some size must
 * be known at run time only, as in `afterwards`.
 */
export function withShapeOf(g: Graph, x: Value, like: Value): Value {
  return single(g, 'Reshape', [x, shapeOf(g, like)], x.type, x.shape);
}

function shapeOf(g: Graph, x: Value): Value {
  if (x.shape.every(d => typeof d === 'number')) return g.ints(x.shape as number[]);
  return single(g, 'Shape', [x], 'int64', [x.shape.length]);
}

export function transpose(g: Graph, x: Value, perm: number[]): Value {
  return single(
    g,
    'Transpose',
    [x],
    x.type,
    perm.map(p => x.shape[p]!),
    { perm },
  );
}

/** Rows of `x` [n, …] at `indices` [m] (int64): [m, …]. */
export function gatherRows(g: Graph, x: Value, indices: Value): Value {
  return single(g, 'Gather', [x, indices], x.type, [...indices.shape, ...x.shape.slice(1)], { axis: 0 });
}

/** Rows of a weight. Where the weight is upcast from a smaller type, only these rows are: nothing may need the whole in F32. */
export function gatherWeightRows(g: Graph, weight: Value, indices: Value): Value {
  const upcast = g.nodes.find(n => n.op === 'Cast' && n.outputs[0] === weight);
  if (!upcast) return gatherRows(g, weight, indices);
  return cast(g, gatherRows(g, upcast.inputs[0]!, indices), weight.type);
}

/** Columns of `x` [n, k] at constant positions: [n, positions.length]. */
export function gatherColumns(g: Graph, x: Value, positions: number[]): Value {
  return single(g, 'Gather', [x, g.ints(positions)], x.type, [x.shape[0]!, positions.length], { axis: 1 });
}

/** x[i, index[i]] for x [m, k] and index [m] (int64): [m, 1]. */
export function pick(g: Graph, x: Value, index: Value): Value {
  const column = reshape(g, index, [x.shape[0]!, 1]);
  return single(g, 'GatherElements', [x, column], x.type, [x.shape[0]!, 1], { axis: 1 });
}

/** Zeros [n, k] with `updates` [m, k] added at rows `indices` [m]. */
export function scatterRows(g: Graph, shape: Dim[], indices: Value, updates: Value): Value {
  const zeros = single(g, 'ConstantOfShape', [g.shapeValue(shape)], 'float32', shape);
  const column = reshape(g, indices, [...indices.shape, 1]);
  return single(g, 'ScatterND', [zeros, column, updates], updates.type, shape, { reduction: 'add' });
}

/** Zeros [m, k] with `updates` [m, 1] at columns `index` [m]. */
export function scatterPick(g: Graph, shape: Dim[], index: Value, updates: Value): Value {
  const zeros = single(g, 'ConstantOfShape', [g.shapeValue(shape)], 'float32', shape);
  const column = reshape(g, index, [shape[0]!, 1]);
  return single(g, 'ScatterElements', [zeros, column, updates], updates.type, shape, { axis: 1 });
}

/** Joins along `axis`; sizes along it must be known. */
export function concat(g: Graph, parts: Value[], axis: number): Value {
  if (parts.length === 1) return parts[0]!;
  const total = parts.reduce((sum, p) => sum + (p.shape[axis] as number), 0);
  const shape = parts[0]!.shape.map((d, i) => (i === axis ? total : d));
  return single(g, 'Concat', parts, parts[0]!.type, shape, { axis });
}

/** Cuts along `axis` into pieces of the given sizes. */
export function split(g: Graph, x: Value, sizes: number[], axis: number): Value[] {
  if (sizes.length === 1) return [x];
  const outputs = sizes.map(size => ({ type: x.type, shape: x.shape.map((d, i) => (i === axis ? size : d)) }));
  return g.node('Split', [x, g.ints(sizes)], outputs, { axis });
}

export function cast(g: Graph, x: Value, type: ElementType): Value {
  return x.type === type ? x : single(g, 'Cast', [x], type, x.shape, { to: onnxElementCode(type) });
}

/** The largest number in half floats. */
const largestHalf = 65504;

/** In half floats; what lies beyond their range becomes its end, which a GPU's conversion does not promise. */
export function toHalf(g: Graph, x: Value): Value {
  const bounds = [g.scalar(-largestHalf), g.scalar(largestHalf)];
  return cast(g, single(g, 'Clip', [x, ...bounds], x.type, x.shape), 'float16');
}

/** x / rms(x) · weight over the last axis (Zhang & Sennrich 2019). */
export function rmsNorm(g: Graph, x: Value, weight: Value, epsilon: number): Value {
  const attributes = { axis: -1, epsilon: { float: epsilon } };
  return single(g, 'SimplifiedLayerNormalization', [x, weight], x.type, x.shape, attributes);
}

/** (x − mean) / √(variance + epsilon) · weight + bias over the last axis (Ba et al. 2016). */
export function layerNorm(g: Graph, x: Value, weight: Value, bias: Value | undefined, epsilon: number): Value {
  const attributes = { axis: -1, epsilon: { float: epsilon } };
  return single(g, 'LayerNormalization', bias ? [x, weight, bias] : [x, weight], x.type, x.shape, attributes);
}

/** s = x + y and the RMS norm of s, as onnxruntime's fused operator; it has no gradient rule. */
export function addRmsNorm(g: Graph, x: Value, y: Value, weight: Value, epsilon: number): [sum: Value, normed: Value] {
  const value = { type: x.type, shape: x.shape };
  // The second and third results serve training and are not computed.
  const [normed, , , sum] = g.node(
    'SkipSimplifiedLayerNormalization',
    [x, y, weight],
    [value, undefined, undefined, value],
    { epsilon: { float: epsilon } },
    contrib,
  );
  return [sum!, normed!];
}

export interface RotaryOptions {
  /** Of each of so many heads the first `dim` numbers alone are rotated. */
  part?: { dim: number; heads: number } | undefined;
  /** Neighbouring numbers are rotated together, in place of those of the two halves. */
  interleaved?: boolean;
}

/**
 * Rotary position embedding (Su et al. 2021), in the half-rotation layout where nothing else is said.
 * x [batch, seq, heads · headDim], positions [batch, seq] int64, cos and sin [positions, headDim / 2], or of `part`
 * [positions, dim / 2].
 */
export function rotary(
  g: Graph,
  x: Value,
  positions: Value,
  cos: Value,
  sin: Value,
  { part, interleaved = false }: RotaryOptions = {},
): Value {
  const attributes = {
    interleaved: +interleaved,
    ...(part ? { rotary_embedding_dim: part.dim, num_heads: part.heads } : {}),
  };
  return single(g, 'RotaryEmbedding', [x, positions, cos, sin], x.type, x.shape, attributes, contrib);
}

/** Sums `x` over the axes along which a value of `shape` was broadcast to it. */
export function sumTo(g: Graph, x: Value, shape: Dim[]): Value {
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? [i] : []));
  return axes.length === 0 ? x : reshape(g, reduceSum(g, x, axes), shape);
}
