import { Graph } from '../../nn/graph/graph.ts';
import * as op from '../../nn/graph/ops.ts';
import type { Device } from '../../protocol/device.ts';
import { createSession, floats } from './session.ts';

const size = 1024;
const runs = 5;

/** Floating-point operations a second of a device, from a product of two matrices [1024, 1024]; takes about 0.1 s. */
export async function matMulRate(threads: number, device: Device): Promise<number> {
  const g = new Graph();
  const x = g.input('x', 'float32', [size, size]);
  const product = op.gemm(g, x, g.input('w', 'float32', [size, size]));
  // The result is reduced, so that copying it takes no time.
  g.output('sums', op.reduceSum(g, product, [0], false));
  const session = await createSession(g, { threads, device });
  const matrix = () => floats(new Float32Array(size * size).fill(0.5), [size, size]);
  const feeds = { x: matrix(), w: matrix() };
  await session.run(feeds);
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const started = performance.now();
    await session.run(feeds);
    fastest = Math.min(fastest, performance.now() - started);
  }
  await session.dispose();
  return (2 * size ** 3) / (fastest / 1000);
}
