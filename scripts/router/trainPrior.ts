/**
 * Trains the shipped prior of the learned router and writes `media/router/prior.json` and `prior.bin`.
 *
 *   node --import tsx scripts/router/trainPrior.ts --data train.jsonl [--seed N] [--out DIR]
 *
 * `--data` holds `{"prompt", "expert"}` lines (sources: media/router/NOTICE.md); the rest is made here, seeded. Prints
 * for each source what weights trained without it say of it: those figures choose temperature and threshold.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Random } from '../../src/nn/tensor/random.ts';
import type { LearnedRouterModel } from '../../src/router/routerFile.ts';
import { quantize, serializePrior } from '../../src/router/routerFile.ts';
import { crossFit, leftOutFigures, leftOutTemperature, leftOutThreshold } from './crossFit.ts';
import { domains } from './examples.ts';
import { bucketCount, fitWeights, hashAll, hashSeed } from './fitPrior.ts';
import { trainingSet } from './trainingSet.ts';

/** Prompts that later trainings rehearse: as many as keep the file well below 1 MB. */
const rehearsalCount = 2000;
/** Share of an expert's prompts, of sources never seen, that may be left to the base. */
const abstained = 0.01;
const runs = 4;

const { values: args } = parseArgs({
  options: {
    data: { type: 'string' },
    seed: { type: 'string', default: '20250101' },
    out: { type: 'string', default: 'media/router' },
  },
});
if (!args.data) throw new Error('--data FILE is needed: lines of {"prompt", "expert"}');

const random = new Random(Number(args.seed));
const examples = hashAll(trainingSet(args.data, random));
const judged = crossFit(examples, random.uint32());
const temperature = leftOutTemperature(judged);
const noneThreshold = leftOutThreshold(judged, temperature, abstained);
for (const line of leftOutFigures(judged, temperature, noneThreshold)) console.log(`left out: ${line}`);

const seeds = Array.from({ length: runs }, () => random.uint32());
const weights = fitWeights(examples, seeds);
const model: LearnedRouterModel = {
  classes: domains.map(name => ({ name, domain: name, role: name === 'none' ? 'none' : 'expert' })),
  bucketCount,
  hashSeed,
  scale: quantize(weights),
  weights,
  temperature,
  noneThreshold,
};
// Drawn as often as they counted in training, so that rehearsing keeps the balance of kinds.
const heaviest = examples.reduce((most, { weight }) => Math.max(most, weight), 0);
const rehearsal = examples
  .filter(({ weight }) => random.uniform() < weight / heaviest)
  .slice(0, rehearsalCount)
  .map(({ features, target }) => ({ features, target }));
const { header, bytes } = serializePrior({ model, rehearsal });
mkdirSync(args.out, { recursive: true });
writeFileSync(`${args.out}/prior.json`, `${JSON.stringify(header, null, 2)}\n`);
writeFileSync(`${args.out}/prior.bin`, bytes);
console.log(`${examples.length} prompts, ${rehearsal.length} rehearsed; wrote ${args.out}: ${bytes.length} bytes`);
console.log(`temperature ${temperature.toFixed(3)}, abstains from ${noneThreshold.toFixed(3)}`);
