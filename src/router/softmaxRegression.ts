import { Random } from '../nn/tensor/random.ts';
import type { FeatureVector } from './features.ts';

/** A prompt with its target: one probability per class, summing to 1 (soft for a prompt of mixed kind). */
export interface Example {
  features: FeatureVector;
  target: number[];
  weight: number;
}

/** Settings of one training. */
export interface RegressionSettings {
  epochs: number;
  learningRate: number;
  /** Strength of the pull towards the start weights. */
  pull: number;
  /**
   * Chance that a feature is left out of a step (the others are scaled up to make up for it), so that no single word
   * decides alone (Srivastava et al. 2014, 'Dropout'). 0 when not given.
   */
  dropout?: number;
  /**
   * What an example moves less than this it leaves: classes whose probability is so near to the target. Of a thousand classes
   * nearly all are, and nearly all of the time goes there. 0 when not given.
   */
  least?: number;
  seed: number;
}

/** Class probabilities `[classes]` from weights `[buckets, classes]` at a temperature. */
export function probabilities(
  weights: Float32Array,
  features: FeatureVector,
  classes: number,
  temperature = 1,
): number[] {
  return softmax(logits(weights, features, classes).map(logit => logit / temperature));
}

/** Class logits `[classes]` from weights `[buckets, classes]`. */
export function logits(weights: Float32Array, features: FeatureVector, classes: number): number[] {
  const sums = new Array<number>(classes).fill(0);
  for (let i = 0; i < features.buckets.length; i++) {
    const row = features.buckets[i]! * classes;
    const value = features.values[i]!;
    for (let c = 0; c < classes; c++) sums[c]! += value * weights[row + c]!;
  }
  return sums;
}

/**
 * Multinomial logistic regression by Adagrad (Duchi et al. 2011) on cross entropy against soft targets, which makes a
 * blend of targets the optimum and not an accident. Changes `weights` `[buckets, classes]` in place.
 * Only the buckets an example touches are pulled back to the start, so that a step costs what the example holds.
 */
export function trainRegression(weights: Float32Array, examples: Example[], settings: RegressionSettings): void {
  const classes = examples[0]?.target.length ?? 0;
  const start = weights.slice();
  // A first square above zero keeps the first steps from being a full learning rate each.
  const squares = new Float32Array(weights.length).fill(1e-3);
  const random = new Random(settings.seed);
  const order = examples.map((_, i) => i);
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    for (const index of random.shuffle(order)) {
      const { target, weight } = examples[index]!;
      const features = dropped(examples[index]!.features, settings.dropout ?? 0, random);
      const predicted = probabilities(weights, features, classes);
      const moved = [...predicted.keys()].filter(c => Math.abs(predicted[c]! - target[c]!) >= (settings.least ?? 0));
      for (let i = 0; i < features.buckets.length; i++) {
        const row = features.buckets[i]! * classes;
        const value = features.values[i]! * weight;
        for (const c of moved) {
          const at = row + c;
          const gradient = value * (predicted[c]! - target[c]!) + settings.pull * (weights[at]! - start[at]!);
          squares[at]! += gradient * gradient;
          weights[at]! -= (settings.learningRate * gradient) / Math.sqrt(squares[at]!);
        }
      }
    }
  }
}

function dropped(features: FeatureVector, dropout: number, random: Random): FeatureVector {
  if (dropout === 0) return features;
  const kept: number[] = [];
  for (let i = 0; i < features.buckets.length; i++) if (random.uniform() >= dropout) kept.push(i);
  return {
    buckets: Uint32Array.from(kept, i => features.buckets[i]!),
    values: Float32Array.from(kept, i => features.values[i]! / (1 - dropout)),
  };
}

function softmax(values: number[]): number[] {
  const top = Math.max(...values);
  const powers = values.map(value => Math.exp(value - top));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map(power => power / total);
}
