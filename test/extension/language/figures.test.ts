import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readFacts } from '../../../src/experiment/readFacts.ts';
import { parseBaseConfig } from '../../../src/nn/model/config.ts';
import type { PlanResult } from '../../../src/protocol/engine/training.ts';
import { expertFigures, operationsPerToken } from '../../../src/recipe/language/expertFigures.ts';
import { recipeProblems } from '../../../src/recipe/language/problems.ts';
import { emptyWorld, type RecipeWorld } from '../../../src/recipe/language/recipeWorld.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';
import { runCli } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const examples = fileURLToPath(new URL('../../../examples/experts/', import.meta.url));
const base = fileURLToPath(new URL('../../../media/base/', import.meta.url));

/** Where batches are larger than the data, where prompts are cut, with settings of each expert. */
const recipe = {
  lora: { rank: 4, targets: ['q_proj', 'down_proj'] },
  training: { epochs: 2, batchSize: 8 },
  experts: {
    math: { data: { train: 'math.jsonl' } },
    code: { data: { train: 'code.jsonl' }, lora: { rank: 8, targets: 'all-linear' }, training: { steps: 30 } },
    few: { data: { train: 'few.jsonl' }, training: { batchSize: 16, accumulation: 3 } },
    cut: { data: { train: 'code.jsonl' }, training: { maxLength: 40, lossOn: 'all' } },
  },
};

test('what is said of an expert is what the engine plans for it', async () => {
  const folder = temporaryFolder();
  const copy = (name: string, from: string, lines: number) => {
    const text = readFileSync(join(examples, from), 'utf8').split('\n').slice(0, lines).join('\n');
    writeFileSync(join(folder, name), text);
  };
  mkdirSync(folder, { recursive: true });
  copy('math.jsonl', 'math/train.jsonl', 200);
  copy('code.jsonl', 'code/train.jsonl', 100);
  copy('few.jsonl', 'qa/train.jsonl', 5);
  const path = join(folder, 'r.lora.json');
  writeFileSync(path, JSON.stringify(recipe));
  const { code, stdout, stderr } = await runCli(['plan', path, '--json']);
  assert.equal(code, 0, stderr);
  const { experts } = JSON.parse(stdout) as PlanResult;

  const reading = readRecipe(readFileSync(path, 'utf8'));
  const { parts } = reading;
  const world = await worldAround(path);
  for (const planned of experts) {
    const { rank, layers, parameters, training, autoRate } = expertFigures(parts!, planned.name, world)!;
    const { examples: rows, steps, epochs, tokensPerEpoch } = training!;
    const { tokensPerEpoch: tokens, problems, learningRate, isRateAuto, ...rest } = planned;
    assert.deepEqual({ name: planned.name, rank, layers, parameters, examples: rows, steps, epochs }, rest);
    assert.equal(tokensPerEpoch, tokens, planned.name);
    assert.equal(autoRate, isRateAuto ? learningRate : undefined, planned.name);
    const marked = recipeProblems(reading, world).filter(p => p.where === `experts.${planned.name}.data.train`);
    assert.deepEqual(
      marked.map(p => p.message),
      problems.map(p => p.message),
      planned.name,
    );
  }
});

test('operations of a token are those of the graph that is trained, attention apart', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'one.lora.json');
  const lines = readFileSync(join(examples, 'math/train.jsonl'), 'utf8').split('\n').slice(0, 64);
  writeFileSync(join(folder, 'math.jsonl'), lines.join('\n'));
  // Every token carries loss, so that none is left out of the products.
  const training = { steps: 8, batchSize: 8, lossOn: 'all', validateEvery: 0 };
  writeFileSync(path, JSON.stringify({ training, experts: { math: { data: { train: 'math.jsonl' } } } }));
  const { code, stdout, stderr } = await runCli(['plan', path, '--json']);
  assert.equal(code, 0, stderr);
  const { time, experts } = JSON.parse(stdout) as PlanResult;
  const config = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8'));
  const told = operationsPerToken(parseBaseConfig(config), experts[0]!.parameters);
  const planned = time.operationsPerStep / time.tokensPerStep;
  assert.ok(Math.abs(told / planned - 1) < 0.2, `${told} for ${planned}`);
});

async function worldAround(path: string): Promise<RecipeWorld> {
  const files = [...new Set(Object.values(recipe.experts).map(e => e.data.train))];
  const read = async <T>(reader: (file: string) => Promise<T>) =>
    new Map(await Promise.all(files.map(async file => [file, await reader(resolve(dirname(path), file))] as const)));
  const data = await read(file => readFacts.data({ files: [file], name: file }));
  const learned = await read(file => readFacts.learned({ files: [file], name: file, base, thinking: false }));
  return {
    ...emptyWorld,
    base: await readFacts.base({ folder: base }),
    data: file => data.get(file),
    learned: file => learned.get(file),
  };
}
