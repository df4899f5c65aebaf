import { Random } from '../nn/tensor/random.ts';
import { fitTemperature } from './calibration.ts';
import { baseline, featuresOf, hashFeatures, hashName } from './features.ts';
import type { LearnedRouterModel, RouterClass, RouterPrior } from './routerFile.ts';
import { quantize } from './routerFile.ts';
import type { Example } from './softmaxRegression.ts';
import { logits, trainRegression } from './softmaxRegression.ts';

/** An expert to route to, with the prompts it was trained on. */
export interface ExpertPrompts {
  name: string;
  /** `math`, `code` or `qa`, for which the prior speaks, or any other word. */
  domain: string;
  prompts: string[];
}

/** A seeded sample of this many of an expert's prompts is used: more of one kind take time, and drown what the prior knows. */
const maxPrompts = 1000;
/** The same of all experts together, by which a router for a thousand of them is trained in the time of one for fifty. */
const maxPromptsOfAll = 50_000;

/** With more classes than these, the weights begin with how features and classes go together. */
const manyClasses = 8;
/** Probabilities that are computed to calibrate a router once. */
const judgedProbabilities = 1e6;

/**
 * A router for these experts: the prior's weights, trained further on the experts' own prompts mixed with rehearsed
 * ones of the prior's, and pulled back towards where they started, so that narrow own prompts (one template, say) add
 * to what the prior knows and do not replace it. An expert of a domain the prior knows starts from that domain's
 * weights; several experts of one domain share its base rate. Any other domain starts at zero, or, of many, where its
 * prompts say.
 *
 * The same arguments give the same bits.
 */
export function trainRouter(options: {
  prior: RouterPrior;
  experts: ExpertPrompts[];
  seed: number;
}): LearnedRouterModel {
  const { prior, experts, seed } = options;
  const classes = classesFor(prior, experts);
  const weights = startWeights(prior, classes);
  const random = new Random(seed);
  const own = ownExamples(prior, experts, classes, random);
  const rehearsed = rehearsedExamples(prior, classes);
  const isHeldOut = (_: Example, i: number) => i % 10 === 9;
  const learned = own.filter((example, i) => !isHeldOut(example, i));
  const examples = [...balance(learned), ...rehearsed.filter((example, i) => !isHeldOut(example, i))];
  const areMany = classes.length > manyClasses;
  if (areMany) addAssociations(weights, learned, classes.length);
  if (own.length > 0) {
    const amount = areMany ? { epochs: 1, least: Math.min(0.05, 4 / classes.length) } : { epochs: 4 };
    trainRegression(weights, examples, { ...amount, learningRate: 0.1, pull: 3e-3, seed: random.uint32() });
  }
  const scale = quantize(weights);

  const heldOut = [...own.filter(isHeldOut), ...rehearsed.filter(isHeldOut)];
  const each = Math.ceil((heldOut.length * classes.length) / judgedProbabilities);
  const judged = heldOut
    .filter((_, i) => i % each === 0)
    .map(({ features, target }) => ({ logits: logits(weights, features, classes.length), target }));
  // Own prompts resemble each other more than a user's questions will: they may soften the prior, never sharpen it.
  const fitted = judged.length > 0 ? fitTemperature(judged) : prior.model.temperature;
  const temperature = Math.min(2 * prior.model.temperature, Math.max(prior.model.temperature, fitted));
  const { bucketCount, hashSeed, noneThreshold } = prior.model;
  return { classes, bucketCount, hashSeed, weights, scale, temperature, noneThreshold };
}

function classesFor(prior: RouterPrior, experts: ExpertPrompts[]): RouterClass[] {
  const claimed = new Set(experts.map(({ domain }) => domain));
  return [
    ...experts.map(({ name, domain }): RouterClass => ({ name, domain, role: 'expert' })),
    ...prior.model.classes
      .filter(({ domain, role }) => role === 'expert' && !claimed.has(domain))
      .map(({ domain }): RouterClass => ({ name: domain, domain, role: 'background' })),
    { name: 'none', domain: 'none', role: 'none' },
  ];
}

/** For each class the index of the prior's class it continues, or -1, and among how many classes that is shared. */
function ancestry(prior: RouterPrior, classes: RouterClass[]): { ancestor: number; sharers: number }[] {
  const ancestors = classes.map(({ domain, role }) =>
    prior.model.classes.findIndex(known => known.domain === domain && (known.role === 'none') === (role === 'none')),
  );
  return ancestors.map(ancestor => ({ ancestor, sharers: ancestors.filter(other => other === ancestor).length }));
}

function startWeights(prior: RouterPrior, classes: RouterClass[]): Float32Array {
  const { model } = prior;
  const count = classes.length;
  const weights = new Float32Array(model.bucketCount * count);
  const baselineRow = (hashName(baseline, model.hashSeed) & (model.bucketCount - 1)) * count;
  const baselineValue = featuresOf('')[0]!.value;
  ancestry(prior, classes).forEach(({ ancestor, sharers }, c) => {
    if (ancestor < 0) return;
    for (let b = 0; b < model.bucketCount; b++) {
      weights[b * count + c] = model.weights[b * model.classes.length + ancestor]!;
    }
    weights[baselineRow + c]! -= (Math.log(sharers) * model.temperature) / baselineValue;
  });
  return weights;
}

function ownExamples(prior: RouterPrior, experts: ExpertPrompts[], classes: RouterClass[], random: Random): Example[] {
  const { bucketCount, hashSeed } = prior.model;
  const most = Math.min(maxPrompts, Math.floor(maxPromptsOfAll / experts.length));
  const examples = experts.flatMap(({ prompts }, expert) => {
    const target = classes.map((_, c) => (c === expert ? 1 : 0));
    return random
      .shuffle([...prompts])
      .slice(0, most)
      .map(prompt => ({ features: hashFeatures(featuresOf(prompt), bucketCount, hashSeed), target, weight: 1 }));
  });
  return random.shuffle(examples);
}

/** Logits that a feature begins with for each unit of its mutual information with a class. */
const associationScale = 1.5;

/**
 * Adds to the weights how much more often a feature is met in a class than in all of them: positive pointwise mutual
 * information (Church and Hanks 1990). Of many classes each has few of the examples, and what all have in common would
 * take long to be known as such.
 */
function addAssociations(weights: Float32Array, examples: readonly Example[], classes: number): void {
  const sums = new Map<number, number>();
  const ofAll = new Map<number, number>();
  const sizes = new Float64Array(classes);
  for (const { features, target } of examples) {
    const c = target.indexOf(1);
    sizes[c]!++;
    for (const [i, bucket] of features.buckets.entries()) {
      const at = bucket * classes + c;
      sums.set(at, (sums.get(at) ?? 0) + features.values[i]!);
      ofAll.set(bucket, (ofAll.get(bucket) ?? 0) + features.values[i]!);
    }
  }
  for (const [at, sum] of sums) {
    const usual = ofAll.get(Math.floor(at / classes))! / examples.length;
    weights[at]! += associationScale * Math.max(0, Math.log(sum / sizes[at % classes]! / usual));
  }
}

function rehearsedExamples(prior: RouterPrior, classes: RouterClass[]): Example[] {
  const ancestors = ancestry(prior, classes);
  return prior.rehearsal.map(({ features, target }) => ({
    features,
    target: ancestors.map(({ ancestor, sharers }) => (ancestor < 0 ? 0 : target[ancestor]! / sharers)),
    weight: 1,
  }));
}

/** Weights under which every class counts as much as any other, within bounds, so that 40 prompts stand against 1,000. */
function balance(examples: Example[]): Example[] {
  const mass = new Map<number, number>();
  const top = examples.map(({ target }) => target.indexOf(Math.max(...target)));
  for (const c of top) mass.set(c, (mass.get(c) ?? 0) + 1);
  return examples.map((example, i) => {
    const fair = examples.length / (mass.size * mass.get(top[i]!)!);
    return { ...example, weight: Math.min(5, Math.max(0.2, fair)) };
  });
}
