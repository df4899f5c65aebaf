import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRecipe } from '../../src/recipe/parse.ts';
import { recipeJsonSchema } from '../../src/recipe/schema.ts';
import {
  conversationSettings,
  generationSettingsOf,
  loraSettingsOf,
  trainingSettingsOf,
  trainingSettingsOn,
} from '../../src/recipe/settings.ts';

const recipe = parseRecipe(
  JSON.stringify({
    lora: { rank: 4, alpha: 8 },
    training: { learningRate: 0.01, batchSize: 2 },
    generation: { maxTokens: 5 },
    experts: {
      own: { adapter: 'x', lora: { alpha: 3 }, training: { learningRate: 0.5, steps: 9 } },
      plain: { adapter: 'y' },
    },
  }),
).recipe!;

test("an expert's settings are its own over the recipe's over the defaults", () => {
  const own = loraSettingsOf(recipe, 'own');
  const { rank, alpha, rslora, targets, dropout } = own;
  assert.deepEqual([rank, alpha, rslora, targets, dropout], [4, 3, false, 'all-linear', 0]);
  assert.deepEqual([loraSettingsOf(recipe, 'plain').rank, loraSettingsOf(recipe, 'plain').alpha], [4, 8]);
  const training = trainingSettingsOf(recipe, 'own');
  assert.deepEqual(
    [training.learningRate, training.batchSize, training.steps, training.schedule],
    [0.5, 2, 9, 'cosine'],
  );
  assert.deepEqual(
    [trainingSettingsOf(recipe, 'plain').learningRate, trainingSettingsOf(recipe, 'plain').steps],
    [0.01, undefined],
  );
  assert.deepEqual([generationSettingsOf(recipe).maxTokens, generationSettingsOf(recipe).temperature], [5, 0]);
});

test('a rate that the recipe leaves to the base is the rule’s; one that it names stays, and with it the hash of its run', () => {
  const base = { architecture: 'llama', dim: 576 } as const;
  const left = parseRecipe('{"training": {"learningRate": "auto"}, "experts": {"x": {"adapter": "a"}}}').recipe!;
  assert.equal(trainingSettingsOn(base, left, 'x').learningRate, 1.3e-3);
  // Runs are known by a hash over this text.
  assert.equal(
    JSON.stringify(trainingSettingsOn(base, recipe, 'own')),
    JSON.stringify(trainingSettingsOf(recipe, 'own')),
  );
});

test('an empty recipe has the defaults everywhere', () => {
  const empty = parseRecipe('{"experts": {"x": {"adapter": "a"}}}').recipe!;
  assert.deepEqual(loraSettingsOf(empty, 'x'), {
    rank: 16,
    alpha: 32,
    rslora: false,
    bias: 'none',
    dora: false,
    targets: 'all-linear',
    rankPattern: {},
    alphaPattern: {},
    dropout: 0,
  });
  const { learningRate, schedule, warmup, batchSize, maxNorm, loraPlusRatio } = trainingSettingsOf(empty, 'x');
  assert.deepEqual([learningRate, schedule, warmup, batchSize, maxNorm], ['auto', 'cosine', 0.03, 16, 1]);
  assert.equal(loraPlusRatio, 1);
});

test("the editor's schema names the recipe's keys, their texts and defaults", () => {
  const schema = recipeJsonSchema() as {
    properties: Record<string, { description?: string; properties?: Record<string, { default?: unknown }> }>;
  };
  assert.deepEqual(
    Object.keys(schema.properties).sort(),
    Object.keys(parseRecipe('{"$schema": "s", "name": "n", "output": "o"}').recipe!).sort(),
  );
  assert.equal(schema.properties.lora!.properties!.rank!.default, 16);
  for (const [key, property] of Object.entries(schema.properties))
    assert.ok(property.description, `${key} has no description`);
});

test('an answer in a conversation may take half of the window and 1,024 tokens, unless something else is said', () => {
  const of = (generation: object) =>
    parseRecipe(JSON.stringify({ generation, experts: { x: { adapter: 'a' } } })).recipe!;
  assert.equal(conversationSettings(undefined, 256).maxTokens, 128);
  assert.equal(conversationSettings(of({ seed: 3 }), 32768).maxTokens, 1024);
  assert.equal(conversationSettings(of({ maxTokens: 9 }), 32768).maxTokens, 9);
  assert.deepEqual(conversationSettings(of({ maxTokens: 9, topK: 2 }), 256, { maxTokens: 300 }), {
    ...generationSettingsOf(of({ topK: 2 })),
    maxTokens: 300,
  });
  assert.throws(() => conversationSettings(undefined, 256, { topP: 2 }), /topP/);
});
