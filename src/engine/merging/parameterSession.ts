import type { Base } from '../../experiment/base.ts';
import type { Graph } from '../../nn/graph/graph.ts';
import type { BatchShape } from '../../nn/memory/batchShapes.ts';
import { executionMemory } from '../../nn/memory/trainingMemory.ts';
import { hyperNames } from '../../nn/train/adamw.ts';
import type { Batch } from '../../nn/train/assembleBatch.ts';
import { packsWeights } from '../../nn/train/sessionGraph.ts';
import type { ParameterGroup } from '../../nn/train/trainGraph.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { bytes } from '../../text/numbers.ts';
import { createSession, type Feeds, floats, readFloats } from '../runtime/session.ts';
import { memoryBudget } from '../training/memoryBudget.ts';
import { fits, withProcess } from '../training/planTraining.ts';
import { lossFeeds, textFeeds } from '../training/trainBackend.ts';

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

/**
 * Throws `outOfMemory` where fitting would take more than there is: of the graph's constants and results, and of the parameters
 * with gradient, moments and what the next step writes.
 */
export function checkMemory(
  { base, graph, start }: Pick<ParameterSessionOptions, 'base' | 'graph' | 'start'>,
  shapes: BatchShape[],
  limit: number | undefined,
): void {
  const budget = memoryBudget(limit, 'cpu');
  const { weights, activations, graphs } = executionMemory(graph, shapes, packs(base));
  const needed = weights + activations + graphs + 8 * start.byteLength;
  if (fits(needed, budget)) return;
  throw new WorkbenchError(
    'outOfMemory',
    `fitting the merge would take ${bytes(withProcess(needed))} of memory: ${budget.isLimit ? 'the limit is' : 'there are'} ${bytes(budget.bytes)}`,
    "Lower the experts' 'maxLength', quantise the base, or merge by regmean, which takes less.",
  );
}

const packs = (base: Base) => base.quantization !== undefined || packsWeights(base.config);

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
