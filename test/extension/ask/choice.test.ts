import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Choice,
  choiceId,
  choiceParams,
  expertFor,
  isOffered,
  offeredChoices,
  parseChoice,
  parseWeights,
  weightsText,
} from '../../../src/extension/ask/choice.ts';
import { described } from './described.ts';

test('a choice and its identity are each other', () => {
  const choices: Choice[] = [
    { kind: 'auto' },
    { kind: 'base' },
    { kind: 'expert', name: 'math' },
    { kind: 'blend', name: 'half' },
    { kind: 'merge', name: 'a:b' },
    { kind: 'weights', weights: { math: 0.5, code: -0.25 } },
  ];
  for (const choice of choices) assert.deepEqual(parseChoice(choiceId(choice)), choice);
  for (const id of ['', 'expert:', 'nobody', 'weights:', 'weights:math', 'EXPERT:math'])
    assert.equal(parseChoice(id), undefined, id);
});

test('weights as people write them', () => {
  assert.deepEqual(parseWeights(' math = .5 , code=-1e-1'), { math: 0.5, code: -0.1 });
  for (const bad of ['', 'math', 'math=', 'math=x', 'math=1,', '=1', 'math=1 code=2'])
    assert.equal(parseWeights(bad), undefined, bad);
  assert.equal(weightsText({ code: 0.2, math: 0.8 }), 'math 0.80 · code 0.20');
  assert.equal(weightsText({}), 'the base alone');
});

test('what the engine is asked', () => {
  assert.deepEqual(choiceParams({ kind: 'auto' }), { expert: 'auto' });
  assert.deepEqual(choiceParams({ kind: 'expert', name: 'math' }), { expert: 'math' });
  assert.deepEqual(choiceParams({ kind: 'blend', name: 'half' }), { blend: 'half' });
  assert.deepEqual(choiceParams({ kind: 'weights', weights: { math: 1 } }), { weights: { math: 1 } });
});

test('offered is what is trained', () => {
  assert.deepEqual(offeredChoices(described).map(choiceId), ['auto', 'base', 'expert:math', 'expert:js']);
  assert.equal(isOffered({ kind: 'weights', weights: { math: 1, qa: 0 } }, described), true);
  assert.equal(isOffered({ kind: 'weights', weights: { math: 1, qa: 0.1 } }, described), false);
  const untrained = { ...described, experts: described.experts.map(e => ({ ...e, isTrained: false })) };
  assert.deepEqual(offeredChoices(untrained).map(choiceId), ['base']);
});

test('an expert is found by its name, or else by its domain', () => {
  assert.equal(expertFor('math', described)?.name, 'math');
  assert.equal(expertFor('code', described)?.name, 'js');
  assert.equal(expertFor('law', described), undefined);
});
