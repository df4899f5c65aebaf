/**
 * Writes a recipe that asks whether an adapter that combines experts learns a task of two skills from fewer examples than a
 * single expert does: each of some adapters is trained on from there with 4, 16 and 64 examples, three draws of them, at two
 * settings, beside one that starts fresh.
 *
 *   node --import tsx scripts/data/twoSkillStudy.ts OUT NAME=ADAPTER:RANK…
 *   npx multi-lora train OUT/two.lora.json --only NAME…      # some 16 at a time: all at once take 36 GB
 *   npx multi-lora eval --gates OUT/two.lora.json
 *
 * Experts are called NAME-EXAMPLES-DRAW-SETTING.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { sampleSplit } from './sampleSplit.ts';
import type { Split } from './split.ts';

const [out, ...starts] = process.argv.slice(2);
if (!out) throw new Error('usage: twoSkillStudy.ts OUT NAME=ADAPTER:RANK…');
const counts = [4, 16, 64];
const draws = [1, 2, 3];
const settings = { slow: { learningRate: 1e-3, steps: 40 }, fast: { learningRate: 3e-3, steps: 100 } };
const heldOut = 200;

const write = (file: string, split: Split, count: number, seed: number) => {
  const lines = sampleSplit('two', split, count, seed).map(example => JSON.stringify(example));
  writeFileSync(`${out}/${file}`, `${lines.join('\n')}\n`);
};

mkdirSync(out, { recursive: true });
write('heldout.jsonl', 'heldout', heldOut, 99);
const experts: Record<string, unknown> = {};
for (const count of counts)
  for (const number of draws) {
    const train = `train-${count}-${number}.jsonl`;
    write(train, 'train', count, 1000 * count + number);
    for (const start of [undefined, ...starts]) {
      const [name, adapter, rank = '16'] = start?.split(/[=:]/) ?? ['fresh'];
      for (const [setting, training] of Object.entries(settings))
        experts[`${name}-${count}-${number}-${setting}`] = {
          data: { train },
          training,
          lora: { rank: Number(rank), alpha: 2 * Number(rank) },
          ...(adapter && { startFrom: resolve(adapter) }),
        };
    }
  }
const first = Object.keys(experts)[0]!;
const recipe = {
  version: 1,
  name: 'two skills',
  base: 'embedded',
  seed: 7,
  lora: { rank: 16, alpha: 32 },
  training: { batchSize: 8, validateEvery: 0, checkpointEvery: 0 },
  experts,
  router: { kind: 'keywords' },
  generation: { maxTokens: 128 },
  evaluation: {
    sets: {
      two: {
        data: 'heldout.jsonl',
        expert: first,
        scorer: 'code',
        // Each is measured, and none fails.
        minimum: Object.fromEntries(Object.keys(experts).map(name => [name, 0])),
      },
    },
  },
};
writeFileSync(`${out}/two.lora.json`, `${JSON.stringify(recipe, undefined, 2)}\n`);
