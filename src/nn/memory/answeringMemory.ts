import type { BaseConfig } from '../model/config.ts';
import { buildInferenceGraph, cacheHeadDim } from '../model/inferenceGraph.ts';
import { linearGroups, linearLayers } from '../model/layout.ts';
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
  for (const T of [prompt, 1]) {
    const sizes = { B: 1, S: 1, T, M: 1, P: length, R: ranks, W: config.kvHeads * T };
    allocateResults(g, sizes, arena, options);
  }
  // Logits of the answer's tokens, which are collected now and then.
  const uncollected = Math.min(4 * config.vocab * (length - prompt), uncollectedBytes.small);
  const memory = {
    weights: held + bytesPerNode * g.nodes.length,
    factors: 4 * (stacked + read),
    cache: 2 * keysAndValues,
    activations: besidesResults * arena.touchedBytes() + uncollected,
  };
  const answering = Object.values(memory).reduce((a, b) => a + b, 0);
  return { ...memory, compiling: Math.max(0, peak + bytesPerNode * g.nodes.length - answering) };
}
