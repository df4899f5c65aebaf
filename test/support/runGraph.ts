import { createSession, type Feeds, readFloats } from '../../src/engine/runtime/session.ts';
import type { Graph } from '../../src/nn/graph/graph.ts';

/** Compiles a graph, runs it once, and gives its outputs as floats by name. */
export async function runGraph(graph: Graph, feeds: Feeds): Promise<Record<string, Float32Array>> {
  const session = await createSession(graph, { threads: 1 });
  const out = await session.run(feeds);
  const floats = Object.fromEntries(Object.entries(out).map(([name, t]) => [name, readFloats(t).slice()]));
  await session.dispose();
  return floats;
}
