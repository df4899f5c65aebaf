import type { BaseConfig } from '../model/config.ts';
import { buildInferenceGraph, cacheHeadDim } from '../model/inferenceGraph.ts';
import { linearGroups, linearLayers } from '../model/layout.ts';
import { longTextsAbove } from '../model/rope.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { createArena } from './arena.ts';
import { allocateResults, compiledMemory, shapedValues } from './graphMemory.ts';
import { besidesResults, bytesPerNode, uncollectedBytes } from './trainingMemory.ts';

/** The memory plan of answering one prompt, in bytes at its peak, besides the process it runs in. */
export interface AnsweringMemory {
  weights: number;
  /** The experts as they were read, and the bank of them. */
  factors: number;
  /** Keys and values of the prompt and of the longest answer, twice: a result is copied into the cache, which grows by copies. */
  cache: number;
  activations: number;
  /** What compiling the graph takes beyond all that, before there is any of it but weights. */
  compiling: number;
}

export interface AnsweringOptions {
  config: BaseConfig;
  tensors: ReadonlyMap<string, TensorPlace>;
  /** Sum of the ranks of the experts in the bank. */
  ranks: number;
  /** Some expert has magnitudes. */
  rowEffects?: boolean;
  /** Tokens of the prompt, and of prompt and answer. */
  prompt: number;
  length: number;
}

/**
 * Bytes of a base up to which the runtime plans an execution's memory ahead, once for each shape. Such a plan saves the
 * allocations of every operator: a quarter of a decode step of the embedded base, and less the more an operator computes.
 * But it lies beside the memory of executions without one, and is as large.
 */
const largestPlanned = 1e9;

/** Measured: such a block by what an execution without one touches; it is packed less tightly. */
const plannedAhead = 1.2;

/** Whether the graphs of an answer are executed in memory that is planned ahead. */
export function plansExecutions(tensors: ReadonlyMap<string, TensorPlace>): boolean {
  return [...tensors.values()].reduce((sum, { length }) => sum + length, 0) <= largestPlanned;
}

export function answeringMemory({
  config,
  tensors,
  ranks,
  rowEffects,
  prompt,
  length,
}: AnsweringOptions): AnsweringMemory {
  const g = buildInferenceGraph(config, tensors, { adapted: ranks > 0, rowEffects, wholeCaches: false });
  const { peak, held } = compiledMemory(g);
  const stacked = linearGroups(config).reduce((sum, l) => sum + ranks * l.layers.length * (l.in + l.out), 0);
  const read = linearLayers(config).reduce((sum, l) => sum + ranks * (l.in + l.out), 0);
  const keysAndValues = 4 * 2 * config.layers * config.kvHeads * cacheHeadDim(config) * length;
  const arena = createArena();
  const options = { shaped: shapedValues(g), outputs: true };
  // A text that becomes long on the way is computed anew from its beginning.
  const above = longTextsAbove(config) ?? length;
  const anew = prompt <= above && above < length ? [above + 1] : [];
  for (const T of [prompt, 1, ...anew]) {
    const sizes = { B: 1, S: 1, T, M: 1, P: length, R: ranks, W: config.kvHeads * T };
    allocateResults(g, sizes, arena, options);
  }
  // Logits of the answer's tokens, which are collected now and then.
  const uncollected = Math.min(4 * config.vocab * (length - prompt), uncollectedBytes.small);
  const memory = {
    weights: held + bytesPerNode * g.nodes.length,
    factors: 4 * (stacked + read),
    cache: 2 * keysAndValues,
    activations:
      (plansExecutions(tensors) ? 1 + plannedAhead : 1) * besidesResults * arena.touchedBytes() + uncollected,
  };
  const answering = Object.values(memory).reduce((a, b) => a + b, 0);
  return { ...memory, compiling: Math.max(0, peak + bytesPerNode * g.nodes.length - answering) };
}
