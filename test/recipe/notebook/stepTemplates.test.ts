import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepTemplates } from '../../../src/recipe/notebook/stepTemplates.ts';
import { parseRecipe } from '../../../src/recipe/parse.ts';

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
