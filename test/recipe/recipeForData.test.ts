import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addExpert } from '../../src/recipe/edit.ts';
import { parseRecipe } from '../../src/recipe/parse.ts';
import { expertNames, recipeForData } from '../../src/recipe/recipeForData.ts';

test('a recipe for a start has no problems, and an expert for each file', () => {
  const files = ['data/support.jsonl', 'legal "v2"/train.csv'];
  const { recipe, problems } = parseRecipe(
    recipeForData(
      'two "quoted"',
      'owner/name',
      files.map(train => ({ train })),
    ),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual([recipe?.name, recipe?.base, recipe?.training.steps], ['two "quoted"', 'owner/name', 200]);
  const data = Object.entries(recipe!.experts).map(([name, expert]) => [name, expert.data?.train]);
  assert.deepEqual(data, [
    ['support', files[0]],
    ['legal-v2', files[1]],
  ]);
});

test('names of experts: after the file, its folder where that says more, never twice, never one that stands for something', () => {
  const files = ['a/train.jsonl', 'b/a.jsonl', 'Straße 7.csv', 'train.jsonl', 'base.jsonl', 'auto.csv', '…'];
  assert.deepEqual(expertNames(files), ['a', 'a-2', 'Stra-e-7', 'train', 'base-2', 'auto-2', 'expert']);
  assert.deepEqual(expertNames(['openai/gsm8k:main:test', 'a/v1.5_chat::dev', 'openai/gsm8k']), [
    'gsm8k',
    'v1.5_chat',
    'gsm8k-2',
  ]);
});

test('held-out data is a set of its expert, read as what it learns', () => {
  const data = [
    {
      train: 'a.csv',
      heldOut: 'a-heldout.csv',
      validation: 'a-dev.csv',
      columns: { prompt: 'problem', answer: 'out' },
    },
    { train: 'b.jsonl' },
  ];
  const { recipe, problems } = parseRecipe(recipeForData('two', 'embedded', data));
  assert.deepEqual(problems, []);
  const { columns } = data[0]!;
  assert.deepEqual(recipe!.experts.a!.data, { train: 'a.csv', validation: 'a-dev.csv', columns });
  const { scorer: _, ...set } = recipe!.evaluation.sets.a!;
  assert.deepEqual(set, { data: 'a-heldout.csv', expert: 'a', columns });
  assert.deepEqual(Object.keys(recipe!.evaluation.sets), ['a']);
  const written = addExpert('{ "experts": {} }', 'a', data[0]!);
  assert.deepEqual(parseRecipe(written).recipe!.evaluation.sets.a, recipe!.evaluation.sets.a);
});
