import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDefinition } from '../../../src/recipe/notebook/checkDefinition.ts';
import { stepTemplates } from '../../../src/recipe/notebook/stepTemplates.ts';
import { parseRecipe } from '../../../src/recipe/parse.ts';

const recipe = `{
  "seed": 7,
  "experts": { "math": { "adapter": "a" } },
  "blends": { "half": { "maths": 0.5 } },
  "steps": [{ "do": "train", "experts": ["maths"] }]
}`;

test('a definition says its own problems and no others', () => {
  const { problems } = checkDefinition(recipe, '"blends": { "half": { "maths": 0.5 } }');
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^blends\.half\.maths: no expert is called 'maths'; did you mean 'math'\?/);
  assert.deepEqual(checkDefinition(recipe, '"experts": {}').problems, []);
});

test('a definition comes with its defaults', () => {
  const { values } = checkDefinition('{ "seed": 7, "evaluation": {} }', '"seed": 7, // lucky\n"evaluation": {},');
  assert.deepEqual(values, { seed: 7, evaluation: { sets: {}, batchSize: 32 } });
});

test('new steps are steps of the recipe, with its own names', () => {
  const names = { blends: { half: { math: 0.5 } }, merges: { all: { method: 'cat', weights: { math: 1 } } } };
  const all = stepTemplates(names as never);
  assert.deepEqual(
    all.map(t => t.do),
    ['note', 'train', 'ask', 'blend', 'merge', 'evaluate'],
  );
  const steps = all.slice(1).map(t => t.text);
  const text = JSON.stringify({ experts: { math: { adapter: 'a' } }, ...names });
  assert.deepEqual(parseRecipe(`${text.slice(0, -1)}, "steps": [${steps.join()}] }`).problems, []);
  assert.equal(steps[2], '{ "do": "blend", "prompt": "Hello", "blends": [ "half" ] }');
});
