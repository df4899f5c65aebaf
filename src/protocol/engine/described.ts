export interface DescribedBase {
  /** As the recipe or the request names it. */
  name: string;
  folder: string;
  architecture: string;
  contextLength: number;
  parameters: number;
  /** Of its files. */
  bytes: number;
  /** What answering with it takes, as it is stored. */
  memoryBytes: number;
}

export interface DescribedExpert {
  name: string;
  domain: string;
  description?: string;
  isTrained: boolean;
  /** It has data to be trained on. */
  isTrainable: boolean;
  /** The adapter that answers; undefined where it is not trained, or cannot be read. */
  adapter?: DescribedAdapter;
}

export interface DescribedAdapter {
  folder: string;
  rank: number;
  /** Of its files. */
  bytes: number;
  /** It lies in the run folder: training wrote it, and can write it again. */
  isOwn: boolean;
  /** Of a training here: SHA-256 of the base's weights, and the optimiser steps that were taken. */
  baseHash?: string;
  steps?: number;
}
