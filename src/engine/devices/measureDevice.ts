import { Graph, type Value } from '../../nn/graph/graph.ts';
import * as op from '../../nn/graph/ops.ts';
import { dequantizeAtUse } from '../../nn/quant/dequantizeAtUse.ts';
import { floatToHalf } from '../../nn/tensor/half.ts';
import { Random } from '../../nn/tensor/random.ts';
import type { Device } from '../../protocol/device.ts';
import type { DeviceVerdict } from '../../protocol/engine/doctor.ts';
import { createSession, type Feeds, floats, readTensor, releaseTensors } from '../runtime/session.ts';

/** Largest relative error against the CPU's result that another order of additions explains. */
const tolerance = 1e-3;
/** A device is worth its copies when it is this much faster. */
const worthwhile = 1.2;
/** Milliseconds for a size above which a device is one in software: the last would take it a minute. */
const hopeless = 50;

/** The result of trying a device. */
export type Measured = Omit<DeviceVerdict, 'device'>;

type Tensor = Feeds[string];

interface Size {
  rows: number;
  dim: number;
  layers: number;
}

/**
 * The first two show a software device within a second: such a one may take the first as fast as a slow start of kernels.
 * The last is what a layer of a small model does with a prompt.
 */
const sizes: readonly Size[] = [
  { rows: 32, dim: 256, layers: 2 },
  { rows: 64, dim: 512, layers: 2 },
  { rows: 256, dim: 1024, layers: 3 },
];

/**
 * Runs a small graph on the CPU and on a device: the results must agree and the device must be faster. The graph's
 * state stays in the device's memory from one execution to the next, as in training. Throws what the runtime throws, or ends the process with the
 * driver; hence it runs in a process of its own.
 */
export async function measureDevice(device: Device, threads: number): Promise<Measured> {
  let timing = { device: 0, cpu: 0 };
  for (const size of sizes) {
    const cpu = await runProbe('cpu', threads, size);
    const own = await runProbe(device, threads, size);
    const error = relativeError(own.result, cpu.result);
    if (!(error <= tolerance))
      return { state: 'failed', reason: `its results differ from the CPU's by ${(100 * error).toPrecision(2)} %` };
    timing = { device: own.milliseconds, cpu: cpu.milliseconds };
    if (own.milliseconds > Math.max(hopeless, 10 * cpu.milliseconds)) break;
  }
  const ratio = timing.cpu / timing.device;
  const comparison =
    ratio >= 1 ? `${ratio.toFixed(1)} times as fast as the CPU` : `${(1 / ratio).toFixed(1)} times slower than the CPU`;
  return ratio >= worthwhile
    ? { state: 'works', reason: comparison, timing }
    : { state: 'slow', reason: `right, but ${comparison}`, timing };
}

/**
 * Whether a device upcasts F16 weights for a product and stores activations in half floats, as in training. Throws what the
 * runtime throws where the device has no half floats.
 */
export async function measureHalfFloats(device: Device, threads: number): Promise<boolean> {
  const { rows, dim } = sizes[0]!;
  const x = floats(numbers(rows * dim, 1), [rows, dim]);
  const results = async (on: Device) => {
    const session = await createSession(halfFloatGraph(dim), { threads, device: on });
    const { product, kept } = await session.run({ x });
    await session.dispose();
    return [product!, kept!].map(tensor => tensor.data as Float32Array);
  };
  const [own, expected] = [await results(device), await results('cpu')];
  return own.every((result, i) => relativeError(result, expected[i]!) <= tolerance);
}

/**
 * product = x Wᵀ with W in F16, which is not upcast when the graph is compiled, because the number of rows is not known then;
 * kept = 10⁶ x after it was stored in half floats, which cannot hold half of its numbers.
 */
function halfFloatGraph(dim: number): Graph {
  const g = new Graph();
  const weight: Value = { name: 'weight', type: 'float16', shape: [dim, dim] };
  const halves = Uint16Array.from(numbers(dim * dim, 2), floatToHalf);
  g.initializers.push({ value: weight, data: { bytes: new Uint8Array(halves.buffer) } });
  const x = g.input('x', 'float32', ['rows', dim]);
  const product = op.gemm(g, x, op.cast(g, weight, 'float32'), { transB: true });
  g.output('product', product);
  const half = op.toHalf(g, op.mul(g, x, g.scalar(1e6)));
  g.output('kept', op.cast(g, op.afterwards(g, half, product), 'float32'));
  dequantizeAtUse(g, new Set([weight.name]));
  return g;
}

async function runProbe(device: Device, threads: number, size: Size) {
  const session = await createSession(probeGraph(size), { threads, device, resident: ['state'] });
  const shape = [size.rows, size.dim];
  const x = floats(numbers(size.rows * size.dim, 1), shape);
  let [state, next] = [0, 0].map(() => floats(new Float32Array(size.rows * size.dim), shape)) as [Tensor, Tensor];
  const times: number[] = [];
  let result = new Float32Array();
  // The first execution compiles kernels.
  for (let run = 0; run < 4; run++) {
    const started = performance.now();
    const out = await session.run({ x, state }, { 'state.out': next });
    [state, next] = [next, state];
    result = Float32Array.from(out.y!.data as Float32Array);
    if (run > 0) times.push(performance.now() - started);
  }
  const kept = (await readTensor(state)).slice();
  releaseTensors({ state, next });
  await session.dispose();
  return { result: Float32Array.from([...result, ...kept]), milliseconds: Math.min(...times) };
}

/** y = a few gated layers over x + state, reduced so that little is copied back; state.out = state + 1. */
function probeGraph({ rows, dim, layers }: Size): Graph {
  const g = new Graph();
  const state = g.input('state', 'float32', [rows, dim]);
  let x = op.add(g, g.input('x', 'float32', [rows, dim]), op.mul(g, state, g.scalar(0.1)));
  const one = g.constant(new Float32Array(dim).fill(1), [dim]);
  for (let layer = 0; layer < layers; layer++) {
    const weight = g.constant(numbers(dim * dim, layer + 2), [dim, dim]);
    const h = op.gemm(g, op.rmsNorm(g, x, one, 1e-5), weight, { transB: true });
    const mixed = op.matmul(g, op.softmax(g, op.matmul(g, h, x, { transB: true, alpha: 0.1 })), h);
    x = op.add(g, x, op.silu(g, mixed));
  }
  g.output('y', op.reduceSum(g, x, [1]));
  g.output('state.out', op.add(g, state, g.scalar(1)));
  return g;
}

function numbers(count: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => (random.uint32() / 4294967296 - 0.5) / 4);
}

function relativeError(a: Float32Array, b: Float32Array): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}
