/**
 * Trains the shipped prior of the learned router and writes `media/router/prior.json` and `prior.bin`.
 *
 *   node --import tsx scripts/router/trainPrior.ts --data train.jsonl [--without math|code|qa|none] [--out DIR]
 *
 * `--data` holds `{"prompt", "expert"}` lines (sources: media/router/NOTICE.md); the rest is made here, seeded.
 * `--without` leaves one source of the data out and tests on it, to see what the made examples alone can do.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { calibrationError, fitTemperature } from '../../src/core/router/calibration.ts';
import { featuresOf, hashFeatures } from '../../src/core/router/features.ts';
import { classify, unclaimed } from '../../src/core/router/learned.ts';
import type { LearnedRouterModel, Rehearsed } from '../../src/core/router/routerFile.ts';
import { quantize, serializePrior } from '../../src/core/router/routerFile.ts';
import { logits, trainRegression } from '../../src/core/router/softmaxRegression.ts';
import { Random } from '../../src/core/tensor/random.ts';
import type { Domain, Labelled, Slots } from './examples.ts';
import { domains, generate, oneHot, vary, withUnknownWords } from './examples.ts';
import { gibberish } from './gibberish.ts';
import { mixedExamples } from './mixedExamples.ts';

const seed = 20250101;
const bucketCount = 65536;
const hashSeed = 7;
const rehearsalCount = 1600;
const heaviest = 3;
const settings = { epochs: 10, learningRate: 0.4, pull: 2e-5, seed };
/**
 * Share of held-out small talk that is still abstained from. An expert that answers small talk does little harm and a
 * base that answers an expert's question does much, so the threshold is as high as this allows.
 */
const abstentionRecall = 0.85;

const { values: args } = parseArgs({
  options: { data: { type: 'string' }, without: { type: 'string' }, out: { type: 'string', default: 'media/router' } },
});
if (!args.data) throw new Error('--data FILE is needed: lines of {"prompt", "expert"}');

const random = new Random(seed);
const unseen = ['unseen', 'mixed'].flatMap(name => readUnseen(`test/fixtures/router/${name}.jsonl`));
const real = readReal(args.data).filter(({ source }) => source !== `data/${args.without}`);
const made = domains.flatMap(domain => {
  const { kinds, slots } = readTemplates(domain);
  return kinds.flatMap(kind => generate({ domain, slots, ...kind }, random));
});
const known = [...real, ...made, ...mixedExamples(4500, random)];
const unknown = known.filter(() => random.uniform() < 0.2).map(example => withUnknownWords(example, random));
const all = [...known, ...unknown, ...gibberish(300, random)]
  .map(example => vary(example, random))
  .filter(({ prompt }) => !unseen.some(words => overlap(words, wordSet(prompt)) > 0.7));
random.shuffle(all);

const split = Math.floor(all.length * 0.9);
const [training, validation] = [all.slice(0, split), all.slice(split)];
const examples = training.map(({ prompt, target, source }) => ({
  ...hashed(prompt, target),
  weight: weightOf(source),
}));
const weights = new Float32Array(bucketCount * domains.length);
const began = performance.now();
trainRegression(weights, examples, settings);
const scale = quantize(weights);
console.log(`${examples.length} prompts, trained in ${((performance.now() - began) / 1000).toFixed(1)} s`);

const temperature = fitTemperature(
  validation.map(({ prompt, target }) => ({
    logits: logits(weights, hashed(prompt, target).features, domains.length),
    target,
  })),
);
const model: LearnedRouterModel = {
  classes: domains.map(name => ({ name, domain: name, role: name === 'none' ? 'none' : 'expert' })),
  bucketCount,
  hashSeed,
  weights,
  scale,
  temperature,
  noneThreshold: 0.5,
};
model.noneThreshold = chooseThreshold();
report('validation', validation);
if (args.without) {
  report(
    `left out: ${args.without}`,
    readReal(args.data).filter(({ source }) => source === `data/${args.without}`),
  );
} else {
  // Drawn as often as they counted in training, so that rehearsing keeps the balance of kinds.
  const rehearsal: Rehearsed[] = training
    .filter(({ source }) => random.uniform() < weightOf(source) / heaviest)
    .slice(0, rehearsalCount)
    .map(({ prompt, target }) => hashed(prompt, target));
  const { header, bytes } = serializePrior({ model, rehearsal });
  mkdirSync(args.out, { recursive: true });
  writeFileSync(`${args.out}/prior.json`, `${JSON.stringify(header, null, 2)}\n`);
  writeFileSync(`${args.out}/prior.bin`, bytes);
  console.log(
    `wrote ${args.out}: ${bytes.length} bytes; temperature ${temperature.toFixed(3)}, abstains from ${model.noneThreshold.toFixed(3)}`,
  );
}

function weightOf(source: string): number {
  if (source.startsWith('made/mixed')) return heaviest;
  return source.startsWith('data/') ? 1 : 0.7;
}

function hashed(prompt: string, target: number[]): Rehearsed {
  return { features: hashFeatures(featuresOf(prompt), bucketCount, hashSeed), target };
}

/**
 * The data's lines. Of the small talk those are left out that an expert should answer after all
 * ('what is the square root of 144', 'what does … mean'): the set they come from has no expert to give them to.
 */
function readReal(path: string): Labelled[] {
  const expertWork =
    /\d+ ?(%|percent|times|plus|minus|divided)|square root|\d+ ?[*/+x] ?\d|\bmeans?\b|definition|meaning|define/;
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { prompt: string; expert: Domain })
    .filter(({ prompt, expert }) => !(expert === 'none' && expertWork.test(prompt)))
    .map(({ prompt, expert }) => ({ prompt, target: oneHot(expert), source: `data/${expert}` }));
}

/** The highest threshold under which the wanted share of the held-out small talk of the data is abstained from. */
function chooseThreshold(): number {
  const smallTalk = validation
    .filter(({ source }) => source === 'data/none')
    .map(({ prompt }) => unclaimed(model, classify(model, prompt)))
    .sort((a, b) => b - a);
  return Math.min(0.75, Math.max(0.5, smallTalk[Math.floor(smallTalk.length * abstentionRecall)]!));
}

function report(title: string, labelled: Labelled[]): void {
  for (const [source, group] of [...groupBy(labelled)].sort()) console.log(`${title} ${source}: ${figures(group)}`);
  console.log(`${title}: ${figures(labelled)}`);
}

function groupBy(labelled: Labelled[]): Map<string, Labelled[]> {
  const groups = new Map<string, Labelled[]>();
  for (const example of labelled) groups.set(example.source, [...(groups.get(example.source) ?? []), example]);
  return groups;
}

function figures(labelled: Labelled[]): string {
  const answers = labelled.map(({ prompt, target }) => {
    const shares = classify(model, prompt);
    const best = shares.indexOf(Math.max(...shares));
    const bestExpert = [0, 1, 2].reduce((a, b) => (shares[b]! > shares[a]! ? b : a));
    const abstained = unclaimed(model, shares) >= model.noneThreshold;
    const top = Math.max(...target);
    return {
      right: target[best] === top,
      rightExpert: target[bestExpert] === top,
      abstained,
      confidence: shares[best]!,
      pure: top === 1,
    };
  });
  const share = (count: number) => `${((100 * count) / labelled.length).toFixed(1)} %`;
  const pure = answers.filter(answer => answer.pure);
  return [
    `${labelled.length}`,
    `top-1 ${share(answers.filter(({ right }) => right).length)}`,
    `abstained ${share(answers.filter(({ abstained }) => abstained).length)}`,
    `routed right ${share(answers.filter(({ abstained, rightExpert }) => !abstained && rightExpert).length)}`,
    `ECE ${calibrationError(pure).toFixed(3)}`,
  ].join(', ');
}

/** Templates of one class by kind, with how many prompts to make of each, and the words to fill them with. */
function readTemplates(domain: Domain): {
  kinds: { source: string; templates: string[]; count: number }[];
  slots: Slots;
} {
  return JSON.parse(readFileSync(new URL(`templates/${domain}.json`, import.meta.url), 'utf8'));
}

function readUnseen(path: string): Set<string>[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map(line => wordSet((JSON.parse(line) as { prompt: string }).prompt));
}

function wordSet(prompt: string): Set<string> {
  return new Set(prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}

/** Jaccard similarity. */
function overlap(a: Set<string>, b: Set<string>): number {
  let shared = 0;
  for (const word of a) if (b.has(word)) shared++;
  return shared / Math.max(1, a.size + b.size - shared);
}
