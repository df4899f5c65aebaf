import assert from 'node:assert/strict';
import test from 'node:test';
import { expertFor, isOffered, offeredTargets } from '../../../src/extension/ask/offered.ts';
import type { Target } from '../../../src/protocol/target.ts';
import { namedTarget, parseTarget, parseWeights, targetId, weightsText } from '../../../src/text/target.ts';
import { described } from './described.ts';

test('a choice and its identity are each other', () => {
  const choices: Target[] = [
    { kind: 'auto' },
    { kind: 'base' },
    { kind: 'expert', name: 'math' },
    { kind: 'blend', name: 'half' },
    { kind: 'merge', name: 'a:b' },
    { kind: 'weights', weights: { math: 0.5, code: -0.25 } },
  ];
  for (const choice of choices) assert.deepEqual(parseTarget(targetId(choice)), choice);
  for (const id of ['', 'expert:', 'nobody', 'weights:', 'weights:math', 'EXPERT:math'])
    assert.equal(parseTarget(id), undefined, id);
});

test('weights as people write them', () => {
  assert.deepEqual(parseWeights(' math = .5 , code=-1e-1'), { math: 0.5, code: -0.1 });
  for (const bad of ['', 'math', 'math=', 'math=x', 'math=1,', '=1', 'math=1 code=2'])
    assert.equal(parseWeights(bad), undefined, bad);
  assert.equal(weightsText({ code: 0.2, math: 0.8 }), 'math 0.80 · code 0.20');
  assert.equal(weightsText({}), 'the base alone');
});

test('the target of a step or a command', () => {
  assert.deepEqual(namedTarget({}), { kind: 'auto' });
  assert.deepEqual(namedTarget({ expert: 'base' }), { kind: 'base' });
  assert.deepEqual(namedTarget({ expert: 'math' }), { kind: 'expert', name: 'math' });
  assert.deepEqual(namedTarget({ expert: 'auto', blend: 'half' }), { kind: 'blend', name: 'half' });
  assert.deepEqual(namedTarget({ blend: 'half', weights: { math: 1 } }), { kind: 'weights', weights: { math: 1 } });
});

test('offered is what is trained', () => {
  assert.deepEqual(offeredTargets(described).map(targetId), ['auto', 'base', 'expert:math', 'expert:js']);
  assert.equal(isOffered({ kind: 'weights', weights: { math: 1, qa: 0 } }, described), true);
  assert.equal(isOffered({ kind: 'weights', weights: { math: 1, qa: 0.1 } }, described), false);
  const untrained = { ...described, experts: described.experts.map(e => ({ ...e, isTrained: false })) };
  assert.deepEqual(offeredTargets(untrained).map(targetId), ['base']);
});

test('an expert is found by its name, or else by its domain', () => {
  assert.equal(expertFor('math', described)?.name, 'math');
  assert.equal(expertFor('code', described)?.name, 'js');
  assert.equal(expertFor('law', described), undefined);
});
