import type { Graph } from '../graph/graph.ts';
import { externalWeights } from '../model/baseWeights.ts';
import type { BaseConfig } from '../model/config.ts';
import { linearLayers } from '../model/layout.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { buildTrainGraph, type TrainedExpert, type TrainPhase } from './trainGraph.ts';

/** What the graphs of a training run depend on. */
export interface RunGraphOptions {
  /** As the graphs see the base: that of a quantised one differs. */
  config: BaseConfig;
  tensors: ReadonlyMap<string, TensorPlace>;
  experts: (TrainedExpert & { dropout: number })[];
  /** Some expert adds up the gradients of several runs. */
  accumulates: boolean;
  /** Every batch holds rows of one expert alone: one graph with a single place then serves all, whose shapes are equal. */
  inTurn?: boolean;
  /** Activations are computed again in the backward pass, which saves memory. */
  recompute?: boolean;
  /** Activations are kept in half floats for the backward pass, which saves memory and costs some digits. */
  halfActivations?: boolean;
  /** Weights in 16 bits are widened for each product anew, which saves memory. */
  widensAtUse?: boolean;
}

/** Bytes of F32 weights in linear layers up to which a run's graphs hold them packed. */
const packedBytes = 64e6;

/**
 * Whether the products of a plain base's weights read copies in the order that the processor likes best: one copy for the
 * forward and one for the backward pass, in place of the weights. Without them every run packs what it reads, a
 * tenth of the embedded base's step with 1,500 tokens. A large base's batches are large enough to be no faster with
 * copies, and its copies are too large to keep.
 */
export function packsWeights(c: BaseConfig): boolean {
  return 4 * linearLayers(c).reduce((sum, l) => sum + l.in * l.out, 0) <= packedBytes;
}

/** The experts as the graphs of a run know them. */
export function graphPlaces({ experts, inTurn }: Pick<RunGraphOptions, 'experts' | 'inTurn'>): TrainedExpert[] {
  return inTurn ? [{ ...experts[0]!, name: 'expert' }] : experts;
}

/** One of the graphs that a run compiles: `step` always, `accumulate` where it accumulates, `evaluate` for validation. */
export function runGraph(o: RunGraphOptions, phase: TrainPhase): Graph {
  return buildTrainGraph({
    config: o.config,
    experts: graphPlaces(o),
    weights: g => externalWeights(g, o.tensors),
    phase,
    accumulated: phase !== 'evaluate' && o.accumulates,
    dropout: phase !== 'evaluate' && o.experts.some(e => e.dropout > 0),
    recompute: o.recompute,
    halfActivations: o.halfActivations,
    widensAtUse: o.widensAtUse,
  });
}
