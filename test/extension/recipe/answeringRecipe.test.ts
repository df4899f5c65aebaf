import assert from 'node:assert/strict';
import test from 'node:test';
import { answeringRecipe, type FoundRecipe } from '../../../src/extension/recipe/answeringRecipe.ts';

const answers = (...states: FoundRecipe['state'][]) =>
  answeringRecipe(states.map((state, i) => ({ path: `${i}`, state })));

test('a recipe with problems hides none that has none', () => {
  assert.equal(answers('untrained', 'broken'), '0');
  assert.equal(answers('broken', 'broken', 'untrained'), '2');
  assert.equal(answers('broken', 'untrained', 'trained'), '2');
  assert.equal(answers('trained'), '0');
  assert.equal(answers('untrained'), '0');
  // Its problems are told when it is read.
  assert.equal(answers('broken'), '0');
});

test('where none answers, it is said why, and what to do', () => {
  const none = (...states: FoundRecipe['state'][]) => {
    const found = answers(...states);
    assert.ok(typeof found === 'object');
    return [/^(There is|None of the 2|2 recipes|All 2)/.exec(found.why)?.[0], found.remedies[0], found.isBroken];
  };
  assert.deepEqual(none(), ['There is', 'multiLora.newRecipe', undefined]);
  assert.deepEqual(none('trained', 'trained', 'broken'), ['2 recipes', 'multiLora.selectRecipe', undefined]);
  assert.deepEqual(none('untrained', 'untrained', 'broken'), ['None of the 2', 'multiLora.train', undefined]);
  assert.deepEqual(none('broken', 'broken'), ['All 2', 'multiLora.selectRecipe', true]);
});
