import type { Base } from '../../experiment/base.ts';
import { Graph } from '../../nn/graph/graph.ts';
import { externalWeights } from '../../nn/model/baseWeights.ts';
import { createSession, readFloats } from './session.ts';

/** Some small weights of a base, as its graphs read them, by name. */
export async function readWeights(base: Base, names: readonly string[]): Promise<Map<string, Float32Array>> {
  if (names.length === 0) return new Map();
  const g = new Graph();
  const weight = externalWeights(g, base.tensors);
  for (const name of names) g.output(`${name}.read`, weight(name));
  const session = await createSession(g, { folder: base.folder, threads: 1 });
  try {
    const read = await session.run({});
    return new Map(names.map(name => [name, Float32Array.from(readFloats(read[`${name}.read`]!))]));
  } finally {
    await session.dispose();
  }
}
