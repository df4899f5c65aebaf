import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadBase } from '../src/experiment/base.ts';
import { encodeSafetensors } from '../src/nn/files/safetensors.ts';
import { initFactors } from '../src/nn/lora/initFactors.ts';
import { linearLayers } from '../src/nn/model/layout.ts';
import { Random } from '../src/nn/tensor/random.ts';
import { expertGroup } from '../src/nn/train/trainGraph.ts';
import type { BenchBase } from './bases.ts';
import { cacheFolder } from './cacheFolder.ts';

/** What both sides of a training comparison are given. */
export interface TrainingCase {
  baseFolder: string;
  threads: number;
  rank: number;
  scaling: number;
  seed: number;
  settings: {
    learningRate: number;
    weightDecay: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    maxNorm: number;
  };
  /** Rows of equal length, without padding; the last `answer` tokens of each carry the loss. */
  batches: number[][][];
  answer: number;
  /** The factors at the start, in a safetensors file with PEFT's names without their prefix. */
  factors: string;
}

export interface TrainingShape {
  rank: number;
  rows: number;
  length: number;
  answer: number;
}

/** Seeded batches of tokens and fresh factors for a base. */
export async function trainingCase(base: BenchBase, shape: TrainingShape, threads: number): Promise<TrainingCase> {
  const { config } = await loadBase(base.folder);
  const random = new Random(7);
  const row = () => Array.from({ length: shape.length }, () => random.integer(10, config.vocab - 1));
  const batches = Array.from({ length: 4 }, () => Array.from({ length: shape.rows }, row));
  const targets = linearLayers(config).map(l => l.path);
  const { tensors } = expertGroup(config, { name: 'e', rank: shape.rank, targets });
  const seed = 11;
  const flat = initFactors(tensors, seed);
  let at = 0;
  const pieces = tensors.map(t => ({
    ...t,
    dtype: 'F32' as const,
    data: flat.slice(at, (at += t.shape[0]! * t.shape[1]!)),
  }));
  const factors = join(cacheFolder('training'), `${base.name}-r${shape.rank}.safetensors`);
  writeFileSync(factors, Buffer.concat(encodeSafetensors(pieces)));
  return {
    baseFolder: base.folder,
    threads,
    rank: shape.rank,
    scaling: 2,
    seed,
    settings: { learningRate: 1e-3, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 },
    batches,
    answer: shape.answer,
    factors,
  };
}

/** What a side says of the steps it took. */
export interface TrainedSteps {
  losses: number[];
  /** Milliseconds of each step. */
  times: number[];
}
