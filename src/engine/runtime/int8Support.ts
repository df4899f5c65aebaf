import { Graph, type Value } from '../../nn/graph/graph.ts';
import * as op from '../../nn/graph/ops.ts';
import { matMulRate } from './matMulRate.ts';
import { createSession, floats, readFloats } from './session.ts';

const size = 1024;
const runs = 5;
/** Products in 8 bits have to be so much faster than those in F32, or what is converted for them costs more than they save. */
const leastGain = 1.5;

/**
 * Operations a second of products in 8 bits on the CPU, from one of [1024, 1024] with itself; 0 where sums of products are
 * cut off: without the instructions for them (VNNI on x64), kernels add pairs of products in 16 bits. Takes about 0.1 s.
 */
async function int8Rate(threads: number): Promise<number> {
  const session = await createSession(probeGraph(), { threads });
  const feeds = { x: floats(new Float32Array(size * size).fill(1), [size, size]) };
  try {
    const largest = readFloats((await session.run(feeds)).sums!);
    if (largest.some(sum => Math.abs(sum / size ** 2 - 1) > 1e-3)) return 0;
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < runs; i++) {
      const started = performance.now();
      await session.run(feeds);
      fastest = Math.min(fastest, performance.now() - started);
    }
    return (2 * size ** 3) / (fastest / 1000);
  } finally {
    await session.dispose();
  }
}

/** What is known of the CPU's products in 8 bits. */
export interface Int8Support {
  /** Sums are exact. */
  isExact: boolean;
  /** They are exact, and training gains by them. */
  isFast: boolean;
  /** Operations a second in a large product; 0 where sums are not exact. */
  rate: number;
}

let known: Promise<Int8Support> | undefined;

/** What this CPU's products in 8 bits are like; measured once in a process. */
export function int8Support(threads: number): Promise<Int8Support> {
  known ??= measure(threads);
  return known;
}

/** Each is measured twice, in turns: what else the machine does should not fall on one of them alone. */
async function measure(threads: number): Promise<Int8Support> {
  let [rate, floatRate] = [0, 0];
  for (let turn = 0; turn < 2; turn++) {
    rate = Math.max(rate, await int8Rate(threads));
    if (rate === 0) return { rate, isExact: false, isFast: false };
    floatRate = Math.max(floatRate, await matMulRate(threads, 'cpu'));
  }
  return { rate, isExact: true, isFast: rate >= leastGain * floatRate };
}

/** Sums over rows of a product of ones, in the largest codes that there are. */
function probeGraph(): Graph {
  const g = new Graph();
  const constant = (name: string, type: 'int8' | 'uint8', shape: number[], byte: number): Value => {
    const value = { name, type, shape };
    const bytes = new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(byte);
    g.initializers.push({ value, data: { bytes } });
    return value;
  };
  const zero = constant('zero', 'uint8', [], 128);
  const weights = constant('weights', 'int8', [size, size], 127);
  const step = g.scalar(1 / 127);
  const x = g.input('x', 'float32', [size, size]);
  const codes = g.node('QuantizeLinear', [x, step, zero], [{ type: 'uint8', shape: x.shape }])[0]!;
  const inputs = [codes, weights, step, step, zero];
  const product = g.node(
    'MatMulIntegerToFloat',
    inputs,
    [{ type: 'float32', shape: x.shape }],
    {},
    'com.microsoft',
  )[0]!;
  g.output('sums', op.reduceSum(g, product, [0], false));
  return g;
}
