import type { BaseConfig } from '../model/config.ts';
import { buildInferenceGraph, cacheHeadDim } from '../model/inferenceGraph.ts';
import { linearGroups } from '../model/layout.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { constantMemory, peakMemory } from './graphMemory.ts';

/** The memory plan of answering one prompt, in bytes, besides the process it runs in. */
export interface AnsweringMemory {
  weights: number;
  /** The bank of experts. */
  factors: number;
  /** Keys and values of the prompt and of the longest answer. */
  cache: number;
  activations: number;
}

export interface AnsweringOptions {
  config: BaseConfig;
  tensors: ReadonlyMap<string, TensorPlace>;
  /** Sum of the ranks of the experts in the bank. */
  ranks: number;
  /** Tokens of the prompt, and of prompt and answer. */
  prompt: number;
  length: number;
}

export function answeringMemory({ config, tensors, ranks, prompt, length }: AnsweringOptions): AnsweringMemory {
  const g = buildInferenceGraph(config, tensors, { adapted: ranks > 0, wholeCaches: false });
  const factors = linearGroups(config).reduce((sum, l) => sum + 4 * ranks * l.layers.length * (l.in + l.out), 0);
  const cache = 2 * config.layers * config.kvHeads * cacheHeadDim(config) * length * 4;
  const sizes = { B: 1, S: 1, T: prompt, M: 1, P: length, R: ranks, W: config.kvHeads * prompt };
  return { weights: constantMemory(g), factors, cache, activations: peakMemory(g, sizes) };
}
