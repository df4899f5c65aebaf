import type { Arithmetic } from '../../protocol/arithmetic.ts';
import type { Device } from '../../protocol/device.ts';
import type { Graph } from '../graph/graph.ts';
import { externalWeights } from '../model/baseWeights.ts';
import type { BaseConfig } from '../model/config.ts';
import { int8Source } from '../model/int8Tensors.ts';
import { linearLayers } from '../model/layout.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { buildTrainGraph, buildUpdateGraph, expertGroup, type TrainedExpert, type TrainPhase } from './trainGraph.ts';

/** What the graphs of a training run depend on; each is compiled to a session of the runtime. */
export interface SessionGraphOptions {
  /** As the graphs see the base: that of a quantised one differs. */
  config: BaseConfig;
  tensors: ReadonlyMap<string, TensorPlace>;
  experts: (TrainedExpert & { dropout: number })[];
  /** Some expert accumulates the gradients of several micro-batches. */
  accumulates: boolean;
  /** Every batch holds the rows of one expert alone: one graph with a single place then serves all, whose shapes are equal. */
  inTurn?: boolean;
  /** Gradient checkpointing: the backward pass recomputes activations, which saves memory. */
  recompute?: boolean;
  /** Activations are stored in half floats for the backward pass, which saves memory and costs some digits. */
  halfActivations?: boolean;
  /** Each product upcasts its 16-bit weights anew, which saves memory. */
  upcastsAtUse?: boolean;
  /** Of products with the base; its tensors then have codes beside them (`withInt8Places`). F32 without it. */
  arithmetic?: Arithmetic;
}

/** Bytes of F32 weights in linear layers up to which the graphs hold them packed. */
const packedBytes = 64e6;

/**
 * Whether the products with a plain base's weights read packed copies, in the order that the processor likes best: one
 * copy for the forward and one for the backward pass, in place of the weights. Without them every execution packs what it
 * reads, which takes a tenth of the embedded base's step with 1,500 tokens. A large base's batches are large enough to be
 * no faster with packed copies, and its copies are too large to keep.
 */
export function packsWeights(c: BaseConfig): boolean {
  return 4 * linearLayers(c).reduce((sum, l) => sum + l.in * l.out, 0) <= packedBytes;
}

/** The experts as the graphs have places for them: one place for all where they take turns. */
export function graphPlaces({ experts, inTurn }: Pick<SessionGraphOptions, 'experts' | 'inTurn'>): TrainedExpert[] {
  return inTurn ? [{ ...experts[0]!, name: 'expert' }] : experts;
}

/**
 * The graph of one session that reads the base: a training run opens `step`, or where it accumulates gradients `accumulate`
 * (and `updateGraph`), and `evaluate` for validation.
 */
export function sessionGraph(o: SessionGraphOptions, phase: TrainPhase): Graph {
  return buildTrainGraph({
    config: o.config,
    experts: graphPlaces(o),
    weights: g => externalWeights(g, o.tensors),
    phase,
    dropout: phase !== 'evaluate' && o.experts.some(e => e.dropout > 0),
    recompute: o.recompute,
    halfActivations: o.halfActivations,
    upcastsAtUse: o.upcastsAtUse,
    int8: o.arithmetic === 'int8' ? int8Source(o.config, o.tensors) : undefined,
  });
}

/**
 * The update from accumulated gradients, a graph of its own: in a second graph with the base's products, the base would be held
 * a second time.
 */
export function updateGraph(o: Pick<SessionGraphOptions, 'config' | 'experts' | 'inTurn'>): Graph {
  return buildUpdateGraph(graphPlaces(o).map(e => expertGroup(o.config, e)));
}

/**
 * Whether the experts of a run take turns: each batch then holds the rows of one of them, and one graph with a single
 * place serves all, in the memory of one. A shared batch computes every expert's columns for every row and pads all rows
 * to the longest, which a processor pays for in full; a GPU is faster with few large batches.
 */
export function takesTurns(experts: Omit<TrainedExpert, 'name'>[], device: Device): boolean {
  const form = ({ rank, targets, ranks, ratios, dora, bias, loraPlusRatio }: Omit<TrainedExpert, 'name'>) =>
    JSON.stringify([rank, targets, ranks, ratios, dora, bias, loraPlusRatio]);
  return device === 'cpu' && new Set(experts.map(form)).size === 1;
}
