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
  /** What the parameters begin with, [P]; moments of 0 without them. */
  start: Float32Array;
  moments?: Pick<FitState, 'm' | 'v'>;
  threads: number;
}

/** Parameters and AdamW's moments, each [P]. */
export interface FitState {
  parameter: Float32Array;
  m: Float32Array;
  v: Float32Array;
}

/** One group of parameters while it is fitted. */
export interface ParameterSession {
  /** Takes a step, and gives its losses and the graph's other results. */
  step(batch: Batch, hyper: Float32Array): Promise<{ losses: number[]; out: Feeds }>;
  /** Of now; the next steps write into it. */
  state(): FitState;
  dispose(): Promise<void>;
}

/** Compiles a graph that fits one group of parameters on the CPU, and holds these and their moments between steps. */
export async function openParameterSession(o: ParameterSessionOptions): Promise<ParameterSession> {
  const { base, graph, group, start, moments } = o;
  const { name } = group;
  const size = start.length;
  const session = await createSession(graph, {
    folder: base.folder,
    threads: o.threads,
    varyingShapes: true,
    packsWeights: packs(base),
  });
  const parts = ['', '.m', '.v'] as const;
  const zeros = new Float32Array(size);
  const feedsOf = (...values: [Float32Array, Float32Array, Float32Array]): Feeds =>
    Object.fromEntries(parts.map((part, i) => [name + part, floats(values[i]!.slice(), [size])]));
  let current = feedsOf(start, moments?.m ?? zeros, moments?.v ?? zeros);
  // What a step writes into: the tensors of the step before the last.
  let spare = feedsOf(zeros, zeros, zeros);
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
    state() {
      const [parameter, m, v] = parts.map(part => readFloats(current[name + part]!));
      return { parameter: parameter!, m: m!, v: v! };
    },
    dispose: () => session.dispose(),
  };
}
