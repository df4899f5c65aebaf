import { baseline, type Feature, featuresOf, hashFeatures, hashName } from './features.ts';
import { abstain, type Evidence, type Router, routeFromShares } from './router.ts';
import type { LearnedRouterModel } from './routerFile.ts';
import { probabilities } from './softmaxRegression.ts';

const evidenceCount = 8;

/** A router that classifies with a trained model. */
export function routerFrom(model: LearnedRouterModel): Router {
  return prompt => {
    const features = featuresOf(prompt);
    if (features.length === 1) return abstain();
    const shares = distributionOf(model, features);
    const evidence = evidenceOf(model, features, shares);
    if (unclaimed(model, shares) >= model.noneThreshold) return abstain(evidence);
    const experts = model.classes.flatMap(({ name, role }, c) =>
      role === 'expert' ? [[name, shares[c]!] as const] : [],
    );
    return routeFromShares(Object.fromEntries(experts), evidence);
  };
}

/** The probability that the base should answer: no expert's domain, or one that no expert speaks for. */
function unclaimed(model: LearnedRouterModel, shares: number[]): number {
  return model.classes.reduce((sum, { role }, c) => (role === 'expert' ? sum : sum + shares[c]!), 0);
}

function distributionOf(model: LearnedRouterModel, features: Feature[]): number[] {
  const vector = hashFeatures(features, model.bucketCount, model.hashSeed);
  return probabilities(model.weights, vector, model.classes.length, model.temperature);
}

/**
 * What spoke for the classes that matter (those with a share of at least a tenth): a feature's weight for the class
 * against the mean of the others, times its value. Experts only; what speaks for none is no evidence for an expert.
 */
function evidenceOf(model: LearnedRouterModel, features: Feature[], shares: number[]): Evidence[] {
  const classes = model.classes.length;
  const evidence: Evidence[] = [];
  for (const { name, value } of features) {
    if (name === baseline) continue;
    const row = (hashName(name, model.hashSeed) & (model.bucketCount - 1)) * classes;
    let total = 0;
    for (let c = 0; c < classes; c++) total += model.weights[row + c]!;
    for (let c = 0; c < classes; c++) {
      const { role, name: expert } = model.classes[c]!;
      if (role !== 'expert' || shares[c]! < 0.1) continue;
      const own = model.weights[row + c]!;
      const others = classes > 1 ? (total - own) / (classes - 1) : 0;
      const contribution = (value * (own - others)) / model.temperature;
      if (contribution > 0) evidence.push({ expert, feature: name, contribution });
    }
  }
  return evidence.sort((a, b) => b.contribution - a.contribution).slice(0, evidenceCount);
}
