import type { Base } from '../../experiment/base.ts';
import type { Graph } from '../../nn/graph/graph.ts';
import { hyperNames } from '../../nn/train/adamw.ts';
import type { Batch } from '../../nn/train/assembleBatch.ts';
import type { ParameterGroup } from '../../nn/train/trainGraph.ts';
import { createSession, type Feeds, floats, readFloats } from '../runtime/session.ts';
import { lossFeeds, textFeeds } from '../training/trainBackend.ts';
import { packs } from './fitMemory.ts';

export interface ParameterSessionOptions {
  base: Base;
  /** A step of the group, as `addUpdate` makes it, with `losses`. */
  graph: Graph;
  group: ParameterGroup;
  /** What the parameters begin with, [P]. */
  start: Float32Array;
  threads: number;
}

/** One group of parameters while it is fitted. */
export interface ParameterSession {
  /** Takes a step, and gives its losses and the graph's other results. */
  step(batch: Batch, hyper: Float32Array): Promise<{ losses: number[]; out: Feeds }>;
  /** [P] */
  parameters(): Float32Array;
  dispose(): Promise<void>;
}

/** Compiles a graph that fits one group of parameters on the CPU, and holds these and their moments between steps. */
export async function openParameterSession(o: ParameterSessionOptions): Promise<ParameterSession> {
  const { base, graph, group, start } = o;
  const { name } = group;
  const size = start.length;
  const session = await createSession(graph, {
    folder: base.folder,
    threads: o.threads,
    varyingShapes: true,
    packsWeights: packs(base),
  });
  const parts = ['', '.m', '.v'] as const;
  // What a step writes into: the tensors of the step before the last.
  let [current, spare] = [start, new Float32Array(size)].map(
    (parameters): Feeds => ({
      [name]: floats(parameters.slice(), [size]),
      [`${name}.m`]: floats(new Float32Array(size), [size]),
      [`${name}.v`]: floats(new Float32Array(size), [size]),
    }),
  ) as [Feeds, Feeds];
  const isGated = graph.inputs.some(v => v.name === 'gate');
  return {
    async step(batch, hyper) {
      const fetches = Object.fromEntries(parts.map(part => [`${name}${part}.out`, spare[name + part]!]));
      const fed = {
        ...textFeeds(batch, base.config),
        ...lossFeeds(batch),
        ...(isGated && { gate: floats(batch.gate, [batch.rows, batch.gate.length / batch.rows]) }),
        ...current,
        [`${name}.hyper`]: floats(hyper, [hyperNames.length]),
      };
      const out = await session.run(fed, fetches);
      [current, spare] = [spare, current];
      return { losses: [...readFloats(out.losses!)], out };
    },
    parameters: () => readFloats(current[name]!),
    dispose: () => session.dispose(),
  };
}
