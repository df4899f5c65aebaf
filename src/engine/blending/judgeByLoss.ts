import { type Base, graphConfig } from '../../experiment/base.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { proximalGradient } from '../../nn/blend/proximalGradient.ts';
import { roundedWeights } from '../../nn/blend/weightObjective.ts';
import { type Adapter, beyondFactors } from '../../nn/lora/adapter.ts';
import { stackFactors } from '../../nn/merge/stackedFactors.ts';
import { buildWeightGradientGraph } from '../../nn/merge/weightGraph.ts';
import { assembleBatch, type Batch, type EncodedExample, trainedTokens } from '../../nn/train/assembleBatch.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { checkFitMemory, fitMemory, packs } from '../merging/fitMemory.ts';
import { giveWay } from '../runtime/precedence.ts';
import { createSession, floats, readFloats } from '../runtime/session.ts';
import { lossFeeds, textFeeds } from '../training/trainBackend.ts';
import { meanCost, type WeightJudge } from './weightJudge.ts';

export interface LossJudgeOptions {
  base: Base;
  adapters: Adapter[];
  examples: EncodedExample[];
  evaluations: number;
  threads: number;
  /** Bytes that the process may take; what is free without it. */
  memoryLimit?: number;
  watch: WorkWatch;
}

/** Rows of a graph execution; each has a loss of its own. */
const rowsAtOnce = 16;

/**
 * Weights by the cross entropy of given answers, in nats a token, and the search by its gradient: one weight for each expert,
 * the same in all layers, as the gates of a blend. On the CPU; the same examples give the same bits.
 *
 * @throws WorkbenchError `unsupported` for adapters that are more than factors, `outOfMemory`
 */
export async function judgeByLoss(o: LossJudgeOptions): Promise<WeightJudge> {
  const { base, adapters, examples, watch } = o;
  for (const adapter of adapters) {
    const more = beyondFactors(adapter);
    if (more)
      throw new WorkbenchError(
        'unsupported',
        `${adapter.name} ${more}: the loss has no gradient for its weight here`,
        'Find the weights by scored answers: --scorer exact.',
      );
  }
  const graph = buildWeightGradientGraph({
    config: graphConfig(base),
    tensors: base.tensors,
    layers: stackFactors(adapters),
    per: 'expert',
    losses: rowsAtOnce,
  });
  const shapes = batchesOf(examples, [...examples.keys()]).map(({ batch: { rows: B, length: T, labels, tokens } }) => {
    return { B, T, M: labels.length, tokens };
  });
  const needed = fitMemory(base, graph, shapes, adapters.length);
  checkFitMemory(needed, o.memoryLimit, 'finding the weights', 'find the weights by scored answers.');
  const counts = examples.map(example => trainedTokens([example]));
  const session = await createSession(graph, {
    folder: base.folder,
    threads: o.threads,
    varyingShapes: true,
    packsWeights: packs(base),
  });
  /** The cost of each example, and the gradient of their mean [E]. */
  const evaluate = async (weights: readonly number[], places: readonly number[]) => {
    const costs: number[] = new Array(places.length);
    const gradient = adapters.map(() => 0);
    for (const { batch, members, shares } of batchesOf(examples, places)) {
      const out = await session.run({
        ...textFeeds(batch, base.config),
        ...lossFeeds(batch),
        weights: floats(Float32Array.from(weights), [weights.length]),
      });
      const losses = readFloats(out.losses!);
      for (const [row, member] of members.entries()) costs[member] = losses[row]! / shares[row]!;
      for (const [i, x] of readFloats(out['weights.gradient']!).entries()) gradient[i]! += x;
      await giveWay();
      watch.signal?.throwIfAborted();
    }
    if (!costs.every(Number.isFinite))
      throw new WorkbenchError(
        'runtime',
        `the loss of the weights ${weights.join(', ')} is no number`,
        'Is one of the experts damaged? Ask it something.',
      );
    return { costs, gradient };
  };
  return {
    experts: adapters.length,
    counts,
    evaluations: o.evaluations,
    costs: async (weights, places) => (await evaluate(weights, places)).costs,
    async search(places, start) {
      const own = places.map(i => counts[i]!);
      let done = 0;
      const found = await proximalGradient(
        async weights => {
          const { costs, gradient } = await evaluate(weights, places);
          watch.progress?.(++done, o.evaluations);
          return { cost: meanCost(costs, own), gradient };
        },
        start,
        o.evaluations,
      );
      return roundedWeights(found);
    },
    dispose: () => session.dispose(),
  };
}

interface RowBatch {
  batch: Batch;
  /** For each row, its place in the list that was asked for, and what its tokens are of all of the list. */
  members: number[];
  shares: number[];
}

/** Examples of like length together, each row with a loss of its own, weighted by its tokens' share of all. */
function batchesOf(examples: readonly EncodedExample[], places: readonly number[]): RowBatch[] {
  const order = [...places.keys()].sort((a, b) => examples[places[a]!]!.ids.length - examples[places[b]!]!.ids.length);
  const all = trainedTokens(places.map(i => examples[i]!));
  const starts = Array.from({ length: Math.ceil(order.length / rowsAtOnce) }, (_, i) => i * rowsAtOnce);
  return starts.map(start => {
    const members = order.slice(start, start + rowsAtOnce);
    const rows = members.map(member => examples[places[member]!]!);
    const shares = rows.map(row => trainedTokens([row]) / all);
    const parts = rows.map((row, i) => ({ expert: i, scaling: 1, examples: [row], share: shares[i]! }));
    return { batch: assembleBatch(parts, rowsAtOnce), members, shares };
  });
}
