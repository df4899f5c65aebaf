import { featuresOf, hashFeatures } from '../../src/router/features.ts';
import type { Rehearsed } from '../../src/router/routerFile.ts';
import { trainRegression } from '../../src/router/softmaxRegression.ts';
import type { Labelled } from './examples.ts';
import { domains } from './examples.ts';

export const bucketCount = 65536;
export const hashSeed = 7;

/** How the prior is trained. */
export interface FitSettings {
  epochs: number;
  learningRate: number;
  pull: number;
  dropout: number;
  /** A feature seen in fewer prompts than this is left out: it names a person or place and says nothing of others. */
  rarest: number;
}

export const fitSettings: FitSettings = {
  epochs: 6,
  learningRate: 0.3,
  pull: 2e-5,
  dropout: 0.3,
  rarest: 3,
};

/** How much each class counts in all; more for questions, so that unknown words without a personal tone lean to them. */
const shares = { math: 1, code: 1, qa: 1.3, none: 0.7 };
const mixedShare = 2.5;

/** A labelled prompt as the classifier sees it. */
export interface Hashed extends Rehearsed {
  source: string;
  weight: number;
}

/** Hashes prompts and weighs them so that each class has its share; the weights' mean is 1. */
export function hashAll(labelled: Labelled[]): Hashed[] {
  const groups = labelled.map(({ target }) => domains[target.indexOf(1)] ?? 'mixed');
  const own = labelled.map(({ source }) => (source.startsWith('made/') ? 0.7 : 1));
  const mass = new Map<string, number>();
  groups.forEach((group, i) => {
    mass.set(group, (mass.get(group) ?? 0) + own[i]!);
  });
  const wanted = (group: string) => (group === 'mixed' ? mixedShare : shares[group as keyof typeof shares]);
  const total = [...mass.keys()].reduce((sum, group) => sum + wanted(group), 0);
  return labelled.map(({ prompt, target, source }, i) => ({
    features: hashFeatures(featuresOf(prompt), bucketCount, hashSeed),
    target,
    source,
    weight: (labelled.length * own[i]! * wanted(groups[i]!)) / (mass.get(groups[i]!)! * total),
  }));
}

/** Weights `[buckets, classes]`: the mean over runs with these seeds, which no order of the prompts decides alone. */
export function fitWeights(examples: Hashed[], seeds: number[], settings = fitSettings): Float32Array {
  const counts = new Uint32Array(bucketCount);
  for (const { features } of examples) for (const bucket of features.buckets) counts[bucket]!++;
  const kept = examples.map(({ features, target, weight }) => {
    const known = [...features.buckets.keys()].filter(i => counts[features.buckets[i]!]! >= settings.rarest);
    return {
      features: {
        buckets: Uint32Array.from(known, i => features.buckets[i]!),
        values: Float32Array.from(known, i => features.values[i]!),
      },
      target,
      weight,
    };
  });
  const mean = new Float32Array(bucketCount * domains.length);
  for (const seed of seeds) {
    const weights = new Float32Array(mean.length);
    trainRegression(weights, kept, { ...settings, seed });
    for (let i = 0; i < mean.length; i++) mean[i]! += weights[i]! / seeds.length;
  }
  return mean;
}
