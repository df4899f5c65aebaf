import { createSession, type Feeds, floats, type Session } from '../../src/engine/runtime/session.ts';
import { Graph } from '../../src/nn/graph/graph.ts';
import * as op from '../../src/nn/graph/ops.ts';
import { serve } from '../serve.ts';

// The machine's own F32 rate: one matrix product of 1024³ through the same runtime, its weight constant as in training.
const size = 1024;
let session: Session;
const feeds: Feeds = { x: floats(new Float32Array(size * size).fill(0.5), [size, size]) };

await serve({
  async open({ threads }: { threads: number }) {
    const g = new Graph();
    const x = g.input('x', 'float32', [size, size]);
    g.output('y', op.matmul(g, x, g.constant(new Float32Array(size * size).fill(0.25), [size, size])));
    session = await createSession(g, { threads });
  },

  /** Floating-point operations a second. */
  async rate({ count }: { count: number }): Promise<number> {
    const started = performance.now();
    for (let i = 0; i < count; i++) await session.run(feeds);
    return (2 * size ** 3 * count) / ((performance.now() - started) / 1000);
  },
});
